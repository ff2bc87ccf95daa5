"""From files to passages: readers, Thai cleaning, cases, passages and the store."""
