// A service from a form: its manifest on the chain, its program to the gateways, then a bid.
import { useEffect, useRef, useState } from "preact/hooks";
import { all, rpc } from "../node/rpc.ts";
import type { Gateway, Manifest, Service } from "../node/types.ts";
import { bytes, fog, toHex } from "../ui/format.ts";
import { useAsk } from "../ui/hooks.ts";
import { Badge, Button, Card, Choice, Loading, Note, Page, Text, Trouble } from "../ui/parts.tsx";
import { readParams } from "../pages/market_parts.tsx";
import { useConfirm } from "../wallet/confirm.tsx";
import { useWallet } from "../wallet/state.ts";
import { Fund } from "./fund.tsx";
import { NeedsWallet } from "./needs_wallet.tsx";
import { uploadTo, type Uploaded } from "./upload_frame.ts";

type Runtime = Manifest["runtime"];
interface Form {
  name: string;
  summary: string;
  runtime: Runtime;
  image: string;
  memory: string;
  fuel: string;
  wall: string;
  request: string;
  response: string;
  env: string;
  secrets: string;
  outbound: string;
  port: string;
  volumes: string;
  keyvalue: string;
}

const empty: Form = {
  name: "",
  summary: "",
  runtime: "wasm",
  image: "",
  memory: "64",
  fuel: "1000000000",
  wall: "10000",
  request: "1048576",
  response: "1048576",
  env: "",
  secrets: "",
  outbound: "",
  port: "8080",
  volumes: "",
  keyvalue: "0",
};

const artifactMax = { wasm: 64 * 2 ** 20, "wasm-http": 64 * 2 ** 20, container: 16 * 2 ** 30 };

function formOf(service: Service): Form {
  const m = service.manifest;
  return {
    name: service.name,
    summary: m.summary,
    runtime: m.runtime,
    image: m.image ? `${m.image}@sha256:${m.artifact.slice(2)}` : "",
    memory: String(m.memory_mib),
    fuel: m.fuel_per_request,
    wall: String(m.wall_ms),
    request: m.request_bytes_max,
    response: m.response_bytes_max,
    env: Object.entries(m.env ?? {}).map(([name, value]) => `${name}=${value}`).join("\n"),
    secrets: m.secrets.join("\n"),
    outbound: m.outbound.join("\n"),
    port: String(m.port || 8080),
    volumes: m.volumes.map((one) => `${one.path}: ${one.mib}`).join("\n"),
    keyvalue: String(m.keyvalue_mib),
  };
}

type Errors = Partial<Record<keyof Form | "file", string>>;

function lines(text: string): string[] {
  return text.split("\n").map((line) => line.trim()).filter(Boolean);
}

/** The manifest without its program's digest, or what is wrong. */
function manifestOf(form: Form, hasFile: boolean): { manifest: Manifest } | { errors: Errors } {
  const errors: Errors = {};
  const number = (name: keyof Form, low: number, high: number) => {
    const value = Number(form[name]);
    if (!Number.isInteger(value) || value < low || value > high || form[name].trim() === "") errors[name] = `A whole number from ${low} to ${high}`;
    return value;
  };
  if (!/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(form.name)) errors.name = "3 to 63 of a-z, 0-9 and '-', no '-' at the ends";
  if (new TextEncoder().encode(form.summary).length > 256) errors.summary = "At most 256 bytes";
  const container = form.runtime === "container";
  const image = /^([a-z0-9][a-z0-9.-]*(?::[0-9]{1,5})?(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)+)@sha256:([0-9a-f]{64})$/.exec(form.image.trim());
  if (container && form.image.trim() && !image) errors.image = "REGISTRY/NAME@sha256:DIGEST, such as docker.io/library/caddy@sha256:…";
  if (!hasFile && !(container && form.image.trim())) errors.file = container ? "Choose an image in a file, or name one in a registry" : "Choose the program's file";
  const env: Record<string, string> = {};
  for (const line of lines(form.env)) {
    const at = line.indexOf("=");
    if (at < 1) errors.env = "One NAME=value a line";
    else env[line.slice(0, at)] = line.slice(at + 1);
  }
  const secrets = lines(form.secrets);
  if (secrets.some((one) => !/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(one))) errors.secrets = "Names of variables, one a line";
  const volumes = lines(form.volumes).map((line) => {
    const [path = "", mib = ""] = line.split(":").map((part) => part.trim());
    if (!path.startsWith("/") || !(Number(mib) >= 1)) errors.volumes = "One /path: MiB a line";
    return { path, mib: Number(mib) };
  });
  const outbound = lines(form.outbound);
  const http = form.runtime === "wasm-http";
  const manifest: Manifest = {
    summary: form.summary,
    runtime: form.runtime,
    artifact: image && container ? "0x" + image[2] : "",
    artifact_bytes: "0",
    memory_mib: number("memory", 1, 4096),
    fuel_per_request: String(number("fuel", 1, 1e12)),
    wall_ms: number("wall", 1, 600_000),
    request_bytes_max: String(number("request", 0, 2 ** 30)),
    response_bytes_max: String(number("response", 1, 2 ** 30)),
    env,
    port: container ? number("port", 1, 65_535) : 0,
    outbound: http ? outbound : [],
    outbound_bytes_max: http && outbound.length ? "1048576" : "0",
    image: image && container ? image[1]! : "",
    secrets,
    volumes: container ? volumes : [],
    keyvalue_mib: http ? number("keyvalue", 0, 2 ** 20) : 0,
  };
  return Object.keys(errors).length ? { errors } : { manifest };
}

/** What the first bytes of a program say of it; a sentence when Hosts would not run it. */
async function programTrouble(file: File, runtime: Runtime): Promise<string | null> {
  if (file.size === 0) return "This file is empty";
  if (file.size > artifactMax[runtime]) return `At most ${bytes(artifactMax[runtime])} can be published; this has ${bytes(file.size)}`;
  if (runtime === "container") return null;
  const head = toHex(new Uint8Array(await file.slice(0, 8).arrayBuffer()));
  const component = head === "0061736d0d000100";
  if (component !== (runtime === "wasm-http") && component) return "This is a WebAssembly component: choose that runtime";
  if (component) return null;
  if (head !== "0061736d01000000") return "This is not a WebAssembly module";
  return runtime === "wasm-http" ? "This is a core module, not a component: choose the command runtime" : null;
}

export function PublishPage({ query }: { query: URLSearchParams }) {
  const name = query.get("service") ?? "";
  const before = useAsk(() => (name ? rpc<Service>("market_service", { name }) : Promise.resolve(null)), [name]);
  return (
    <Page title={name ? "New version of " + name : "Publish a service"} lead="The manifest goes on the chain, the program to gateways, from which Hosts fetch it by its SHA-256. Publishing alone runs nothing: a funded bid does.">
      <NeedsWallet why="Publishing is a transaction, so it needs an account of yours to sign it.">
        {(account) => (before.error ? <Trouble error={before.error} /> : name && !before.data ? <Loading /> : <Editor before={before.data ?? null} owner={account.address} />)}
      </NeedsWallet>
    </Page>
  );
}

function Editor({ before, owner }: { before: Service | null; owner: string }) {
  const [form, setForm] = useState<Form>(() => (before ? formOf(before) : empty));
  const [file, setFile] = useState<File | null>(null);
  const [errors, setErrors] = useState<Errors>({});
  const [busy, setBusy] = useState(false);
  const [published, setPublished] = useState<{ name: string; digest: string; file: File | null } | null>(null);
  const { ask, dialog } = useConfirm();
  const wallet = useWallet();
  const set = (name: keyof Form) => (value: string) => setForm({ ...form, [name]: value });
  const text = (name: keyof Form, label: string, more: Partial<Parameters<typeof Text>[0]> = {}) => (
    <Text label={label} id={"publish-" + name} value={form[name]} set={set(name)} error={errors[name]} {...more} />
  );
  const container = form.runtime === "container";

  if (before && before.owner !== owner) return <Note tone="bad">This service belongs to another account.</Note>;
  if (published) return <Published {...published} />;

  const submit = async () => {
    const result = manifestOf(form, file !== null || (before !== null && !before.manifest.image));
    if ("errors" in result) {
      setErrors(result.errors);
      document.getElementById("publish-" + Object.keys(result.errors)[0])?.focus();
      return;
    }
    setBusy(true);
    try {
      const { manifest } = result;
      if (file && !manifest.image) {
        const trouble = await programTrouble(file, form.runtime);
        if (trouble) {
          setErrors({ file: trouble });
          return;
        }
        manifest.artifact = "0x" + toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer())));
        manifest.artifact_bytes = String(file.size);
      } else if (!manifest.image && before) {
        manifest.artifact = before.manifest.artifact;
        manifest.artifact_bytes = before.manifest.artifact_bytes;
      }
      const there = before ?? (await rpc<Service>("market_service", { name: form.name }).catch(() => null));
      if (there && there.owner !== owner) {
        setErrors({ name: "This name belongs to another account" });
        return;
      }
      const params = await readParams();
      setErrors({});
      const digest = manifest.artifact.slice(2);
      const sent = manifest.image ? null : file;
      ask(
        {
          title: there ? "Publish a new version" : "Publish a service",
          orders: [{ name: there ? "update_service" : "publish_service", body: { name: form.name, manifest: manifest as unknown as Record<string, unknown> } }],
          effects: [
            there ? `version ${there.version + 1} of ${form.name} is published` : `the name ${form.name} becomes yours`,
            ...(there ? [] : [`${fog(String(params.market.service_fee_burn))} are burned for the name`]),
            manifest.image ? `Hosts pull ${manifest.image}, digest ${digest.slice(0, 12)}…, themselves` : `its program: ${bytes(manifest.artifact_bytes)}, SHA-256 ${digest.slice(0, 12)}…`,
            "manifest and environment are public",
            ...(sent ? ["then the program is uploaded to the gateways"] : []),
          ],
          spends: there ? 0n : BigInt(params.market.service_fee_burn),
        },
        () => setPublished({ name: form.name, digest, file: sent }),
      );
    } finally {
      setBusy(false);
    }
  };

  return (
    <form class="stack" onSubmit={(event) => (event.preventDefault(), void submit())}>
      <Card title="What it is">
        <div class="card-body">
          <div class="fields">
            {before ? (
              <Text label="Name" id="publish-name" value={form.name} set={() => {}} help="A name cannot change" />
            ) : (
              text("name", "Name", { placeholder: "my-service", help: "Unique on the chain; part of its address at gateways", mono: true })
            )}
            {text("summary", "Summary", { placeholder: "What it does, in a line" })}
            <Choice
              label="Runtime"
              id="publish-runtime"
              value={form.runtime}
              set={(value) => setForm({ ...form, runtime: value as Runtime })}
              options={[
                ["wasm", "WebAssembly command (WASI preview 1)"],
                ["wasm-http", "WebAssembly component (wasi:http)"],
                ["container", "Container (Linux image)"],
              ]}
            />
          </div>
          <div class="file-drop">
            <div class={"field" + (errors.file ? " wrong" : "")}>
              <label for="publish-file">{container ? "Image in a file (OCI or docker archive)" : "Program (.wasm)"}</label>
              <input id="publish-file" type="file" aria-describedby="publish-file-about" onChange={(event) => setFile(event.currentTarget.files?.[0] ?? null)} />
              <p class="field-about" id="publish-file-about">
                {errors.file ? (
                  <span class="field-error">{errors.file}</span>
                ) : file ? (
                  bytes(file.size)
                ) : before && !before.manifest.image ? (
                  "Without a file the program stays as it is"
                ) : (
                  `At most ${bytes(artifactMax[form.runtime])}`
                )}
              </p>
            </div>
            {container && text("image", "Or an image in a registry", { placeholder: "docker.io/library/caddy@sha256:…", mono: true })}
          </div>
        </div>
      </Card>
      <Card title="What one request may use">
        <div class="card-body fields">
          {text("memory", "Memory", { type: "number", unit: "MiB" })}
          {!container && text("fuel", "Fuel", { type: "number", help: "About one unit an instruction" })}
          {text("wall", "Time", { type: "number", unit: "ms" })}
          {text("request", "Request body", { type: "number", unit: "bytes" })}
          {text("response", "Answer", { type: "number", unit: "bytes" })}
          {container && text("port", "Port it listens on", { type: "number" })}
        </div>
      </Card>
      <Card title="What it sees">
        <div class="card-body fields">
          {text("env", "Environment (public)", { rows: 3, mono: true, placeholder: "GREETING=hello" })}
          {text("secrets", "Secrets, by name", { rows: 3, mono: true, placeholder: "DB_PASSWORD", help: "Their values never pass this page: fogcoin secret set" })}
          {form.runtime === "wasm-http" && text("outbound", "Servers it may ask", { rows: 3, mono: true, placeholder: "api.example.org" })}
          {form.runtime === "wasm-http" && text("keyvalue", "Key-value store", { type: "number", unit: "MiB", help: "0: none" })}
          {container && text("volumes", "Volumes", { rows: 3, mono: true, placeholder: "/data: 256", help: "Path: MiB, one a line" })}
        </div>
      </Card>
      <div class="buttons">
        <Button tone="main" type="submit" icon="publish" busy={busy} disabled={!wallet.account}>
          {before ? "Publish the new version" : "Publish"}
        </Button>
      </div>
      {dialog}
    </form>
  );
}

function Published({ name, digest, file }: { name: string; digest: string; file: File | null }) {
  const [uploads, setUploads] = useState<Uploaded[] | null>(null);
  const [busy, setBusy] = useState(false);
  const [funding, setFunding] = useState(false);
  const begun = useRef(false);
  const upload = async () => {
    if (!file) return;
    setBusy(true);
    const { items } = await all<Gateway>("market_gateways", {}, 64).catch(() => ({ items: [] as Gateway[] }));
    setUploads(await uploadTo(items.map((one) => one.endpoint), digest, file));
    setBusy(false);
  };
  useEffect(() => {
    if (!begun.current) {
      begun.current = true;
      void upload();
    }
  }, []);
  const good = uploads?.filter((one) => one.ok).length ?? 0;
  return (
    <Card title={name + " is published"}>
      <div class="card-body">
        {file && (
          <>
            {busy && <Note>Uploading {bytes(file.size)} to the gateways …</Note>}
            {uploads && uploads.length === 0 && <Note tone="warn">No gateway is registered yet, so the program has nowhere to go. Upload it later from this page or with fogcoin service upload.</Note>}
            {uploads && (
              <ul class="effects" aria-label="Uploads">
                {uploads.map((one) => (
                  <li key={one.endpoint}>
                    <span>
                      <span class="mono">{one.endpoint}</span> <Badge tone={one.ok ? "good" : "bad"}>{one.ok ? "has it" : "not uploaded"}</Badge> {!one.ok && one.text}
                    </span>
                  </li>
                ))}
              </ul>
            )}
            {uploads && good < uploads.length && (
              <div class="buttons">
                <Button onClick={upload} busy={busy}>
                  Upload again
                </Button>
              </div>
            )}
          </>
        )}
        <p>Next, a bid says how much of it should run and pays for it.</p>
        <div class="buttons">
          <Button tone="main" onClick={() => setFunding(true)} disabled={busy}>
            Preview matches and fund it
          </Button>
          <a class="button" href={"#/service/" + name}>
            Look at the service
          </a>
        </div>
      </div>
      {funding && <Fund service={name} close={() => (location.hash = "#/deployments")} />}
    </Card>
  );
}
