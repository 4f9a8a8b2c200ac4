// Uploads to gateways, which are other servers than the node. The pages that hold the wallet may talk to their node alone
// (their content-security policy says so), so a frame does it that may talk to gateways but is shut out from everything
// of this origin: upload.html, sandboxed.

export interface Uploaded {
  endpoint: string;
  ok: boolean;
  text: string;
}

/** Never fails: what went wrong stands beside each gateway. */
export function uploadTo(endpoints: string[], digest: string, file: File): Promise<Uploaded[]> {
  if (endpoints.length === 0) return Promise.resolve([]);
  return new Promise((done) => {
    const frame = document.createElement("iframe");
    frame.src = "./upload.html";
    frame.hidden = true;
    frame.title = "Upload";
    frame.setAttribute("sandbox", "allow-scripts");
    const end = (answer: Uploaded[]) => {
      removeEventListener("message", heard);
      frame.remove();
      done(answer);
    };
    const heard = (event: MessageEvent) => {
      if (event.source !== frame.contentWindow) return;
      if (event.data?.fog === "ready") frame.contentWindow!.postMessage({ fog: "upload", endpoints, digest, file }, "*");
      if (event.data?.fog === "uploaded" && Array.isArray(event.data.results)) {
        end(
          endpoints.map((endpoint) => {
            const found = event.data.results.find((one: Uploaded) => one?.endpoint === endpoint);
            return { endpoint, ok: found?.ok === true, text: String(found?.text ?? "no answer").slice(0, 300) };
          }),
        );
      }
    };
    addEventListener("message", heard);
    frame.addEventListener("error", () => end(endpoints.map((endpoint) => ({ endpoint, ok: false, text: "the upload could not start" }))));
    document.body.append(frame);
  });
}
