// What the widget says, in Thai and English. {name} is filled in.
const TEXTS = {
  label: ["คำถามของคุณ", "Your question"],
  placeholder: ["พิมพ์คำถาม เช่น ใครทำเรื่องขยะ", "Type a question in Thai or English"],
  search: ["ค้นหา", "Search"],
  clear: ["ล้างคำถาม", "Clear the question"],
  close: ["ปิด", "Close"],
  suggestions: ["คำแนะนำ", "Suggestions"],
  suggestions_n: ["มีคำแนะนำ {n} รายการ ใช้ลูกศรขึ้นลงเลือก", "{n} suggestions; use the up and down arrows"],
  kind_question: ["คำถาม", "Question"],
  kind_spelling: ["คำที่ใกล้เคียง", "Spelling"],
  kind_case: ["กรณี", "Case"],
  kind_document: ["เอกสาร", "Document"],
  kind_heading: ["หัวข้อ", "Heading"],
  kind_word: ["คำ", "Word"],
  kind_place: ["พื้นที่", "Place"],
  loading: ["กำลังค้นหา…", "Searching…"],
  answer: ["คำตอบ", "Answer"],
  no_answer: ["ไม่พบคำตอบ", "No answer found"],
  no_answer_near: [
    "ไม่มีข้อความที่ตอบคำถามนี้ได้ชัดเจน ข้อความที่ใกล้เคียงที่สุดอยู่ด้านล่าง",
    "Nothing here clearly answers this. The nearest passages are below.",
  ],
  no_hits: ["ไม่พบข้อความที่ตรงกัน ลองใช้คำอื่นหรือคำที่สั้นลง", "Nothing matches. Try other or fewer words."],
  hits: ["ผลการค้นหา", "Results"],
  nearest: ["ข้อความที่ใกล้เคียง", "Nearest passages"],
  shown: ["แสดง {n} จาก {total}", "{n} of {total}"],
  shown_n: ["{n} รายการ", "{n} results"],
  announced: ["พบ {n} รายการ", "{n} results found"],
  announced_answer: ["คำตอบ: {text} · พบ {n} รายการ", "Answer: {text}. {n} results found"],
  showing_for: ["แสดงผลของ", "Showing results for"],
  search_exactly: ["ค้นตามที่พิมพ์", "Search as typed:"],
  open_page: ["อ่านหน้าที่อ้างอิง", "Read the cited page"],
  new_tab: ["เปิดแท็บใหม่", "opens a new tab"],
  page: ["หน้า\u00a0{n}", "Page\u00a0{n}"],
  year: ["พ.ศ.\u00a0{n}", "BE\u00a0{n}"],
  province: ["จังหวัด{name}", "{name} province"],
  more: ["แสดงผลเพิ่ม", "Show more"],
  all: ["ดูทั้งหมดที่ กรณี Karani", "See everything at Karani"],
  shortcut: ["ปุ่มลัด {keys}", "Shortcut {keys}"],
  helpful: ["มีประโยชน์", "Helpful"],
  unhelpful: ["ไม่ตรงคำถาม", "Not what I asked"],
  thanks: ["ขอบคุณ บันทึกความเห็นแล้ว", "Thank you, noted"],
  feedback_failed: ["บันทึกความเห็นไม่สำเร็จ", "Your opinion could not be saved"],
  retry: ["ลองอีกครั้ง", "Try again"],
  retry_in: ["ลองอีกครั้งได้ใน {n} วินาที", "Try again in {n} s"],
  for_webmaster: ["สำหรับผู้ดูแลเว็บไซต์", "For this site's webmaster"],
  offline: ["อุปกรณ์นี้ไม่ได้เชื่อมต่ออินเทอร์เน็ต", "You are offline"],
  offline_do: ["เชื่อมต่อแล้วลองอีกครั้ง", "Connect, then try again."],
  unreachable: ["ติดต่อระบบค้นหาไม่ได้", "The search service cannot be reached"],
  unreachable_do: ["อาจขัดข้องชั่วคราว ลองอีกครั้งในอีกสักครู่", "It may be down for a moment. Try again shortly."],
  slow: ["ระบบค้นหาตอบช้าเกินไป", "The search service takes too long"],
  origin: ["เว็บไซต์นี้ยังใช้ช่องค้นหานี้ไม่ได้", "This site may not use this search yet"],
  origin_do: [
    "ผูกกุญแจกับ {origin} : karani keys create --name portal --origin {origin} หรือเพิ่มใน KARANI_CORS_ORIGINS",
    "Bind the key to {origin}: karani keys create --name portal --origin {origin}, or list it in KARANI_CORS_ORIGINS",
  ],
  key: ["ช่องค้นหานี้ยังใช้งานไม่ได้", "This search box cannot be used yet"],
  key_do: [
    "ระบบไม่รับกุญแจของช่องค้นหานี้ สร้างกุญแจใหม่ด้วย karani keys create --name portal --origin {origin} แล้วใส่ในแอตทริบิวต์ key",
    "The service refuses this box's key. Make a new one with karani keys create --name portal --origin {origin} and put it in the attribute key",
  ],
  scope_do: [
    "กุญแจนี้ใช้ค้นหาไม่ได้ หรือไม่ได้ผูกกับ {origin} ตรวจด้วย karani keys list",
    "This key may not search, or is not bound to {origin}. Look with karani keys list",
  ],
  limited: ["ค้นหาถี่เกินไป", "Too many searches for the moment"],
  busy: ["ระบบค้นหากำลังมีผู้ใช้มาก", "The search service is busy"],
  refused: ["ค้นหาด้วยข้อความนี้ไม่ได้", "This cannot be searched"],
  broken: ["ระบบค้นหาขัดข้อง", "Something broke in the search service"],
  broken_do: ["ลองอีกครั้ง หากยังไม่ได้โปรดแจ้งผู้ดูแล", "Try again. If it stays, tell the webmaster."],
  endpoint: ["ช่องค้นหานี้ตั้งค่าไม่ครบ", "This search box is not set up"],
  endpoint_do: [
    "แอตทริบิวต์ endpoint ต้องเป็นที่อยู่เว็บของ Karani เช่น https://karani.example",
    "The attribute endpoint must be Karani's web address, such as https://karani.example",
  ],
};

function translate(language, key, values = {}) {
  const text = TEXTS[key][language === "th" ? 0 : 1];
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

// "th" or "en": the attribute, else the page's language around the element, else the browser's.
function languageOf(element) {
  const own = (element.getAttribute("lang") || "").toLowerCase();
  const asked = own && own !== "auto" ? own : surroundingLanguage(element) || navigator.language || "th";
  return asked.toLowerCase().startsWith("th") ? "th" : "en";
}

function surroundingLanguage(element) {
  for (let at = element.parentNode; at; at = at.parentNode || at.host) {
    const lang = at.getAttribute?.("lang");
    if (lang) return lang;
  }
  return "";
}
