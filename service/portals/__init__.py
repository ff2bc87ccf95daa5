"""What other sites and browsers put into themselves: widget, framed page, OpenSearch."""
