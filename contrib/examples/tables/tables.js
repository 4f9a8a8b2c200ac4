// Answers JSON rows with CSV and CSV with JSON rows. The platform gives what a service worker has: an event with a
// Request, answered with a Response.
import { fromCsv, TableError, toCsv } from "./csv.js";

const HELP = "POST JSON rows (application/json) for CSV, or CSV (text/csv) for JSON rows.\n";

const answer = (status, type, body, more = {}) =>
  new Response(body, { status, headers: { "content-type": type, ...more } });
const refusal = (status, why, more) => answer(status, "text/plain; charset=utf-8", `${why}\n`, more);

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new TableError(`the body is not JSON: ${error.message}`);
  }
}

export async function respond(request) {
  if (request.method === "GET" || request.method === "HEAD") return answer(200, "text/plain; charset=utf-8", HELP);
  if (request.method !== "POST") return refusal(405, "Only GET and POST are understood.", { allow: "GET, HEAD, POST" });
  const type = (request.headers.get("content-type") ?? "").split(";")[0].trim().toLowerCase();
  const text = await request.text();
  try {
    if (type === "application/json") return answer(200, "text/csv; charset=utf-8", toCsv(parsed(text)));
    if (type === "text/csv") return answer(200, "application/json", `${JSON.stringify(fromCsv(text))}\n`);
  } catch (error) {
    if (error instanceof TableError) return refusal(400, `Cannot be read: ${error.message}.`);
    throw error;
  }
  return refusal(415, HELP.trim());
}

addEventListener("fetch", (event) => event.respondWith(respond(event.request)));
