// CSV as RFC 4180 has it, with one header line. Everything is text: a reader must not guess that 007 is a number.

export class TableError extends Error {}

const quoted = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

function cell(value) {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** Rows (objects) as CSV. Columns come in the order in which they first appear. */
export function toCsv(rows) {
  if (!Array.isArray(rows)) throw new TableError("the JSON is not an array of objects");
  const columns = new Set();
  rows.forEach((row, index) => {
    if (typeof row !== "object" || row === null || Array.isArray(row)) {
      throw new TableError(`row ${index + 1} is not an object`);
    }
    Object.keys(row).forEach((name) => columns.add(name));
  });
  const names = [...columns];
  const line = (cells) => `${cells.map(quoted).join(",")}\r\n`;
  return line(names) + rows.map((row) => line(names.map((name) => cell(row[name])))).join("");
}

/** The fields of all lines. Ends of lines are \r\n or \n; the last one may be missing. */
function records(text) {
  const out = [];
  let fields = [];
  let at = 0;
  while (at < text.length) {
    let value = "";
    if (text[at] === '"') {
      const start = at;
      for (;;) {
        const end = text.indexOf('"', at + 1);
        if (end < 0) throw new TableError(`the quote at character ${start + 1} is never closed`);
        value += text.slice(at + 1, end);
        at = end + 1;
        if (text[at] !== '"') break;
        value += '"';
      }
      if (at < text.length && !",\r\n".includes(text[at])) {
        throw new TableError(`character ${at + 1} stands between a closed quote and the next comma`);
      }
    } else {
      const end = at + text.slice(at).search(/[,\r\n]|$/);
      value = text.slice(at, end);
      at = end;
    }
    fields.push(value);
    if (text[at] === ",") {
      at += 1;
      if (at < text.length) continue;
      fields.push("");
    }
    if (text[at] === "\r") at += 1;
    if (text[at] === "\n") at += 1;
    out.push(fields);
    fields = [];
  }
  return out;
}

/** CSV as rows (objects), named by the first line. */
export function fromCsv(text) {
  const [names, ...lines] = records(text);
  if (names === undefined) throw new TableError("there is no header line");
  if (new Set(names).size !== names.length) throw new TableError("two columns have the same name");
  return lines.map((fields, index) => {
    if (fields.length !== names.length) {
      throw new TableError(`line ${index + 2} has ${fields.length} fields, the header line ${names.length}`);
    }
    return Object.fromEntries(names.map((name, column) => [name, fields[column]]));
  });
}
