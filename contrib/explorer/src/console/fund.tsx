// A bid: what is asked, what the market would answer now, and the deposit. Defaults as the command line has them.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { batch, FogError, or, rpc, type PageOf } from "../node/rpc.ts";
import { misfitText } from "../node/words.tsx";
import type { Gateway, Params, Preview, Service, Terms } from "../node/types.ts";
import { unitNames } from "../node/types.ts";
import { country, fog, fogNumber, parseFog, plural, scaleText, whole } from "../ui/format.ts";
import { useAsk } from "../ui/hooks.ts";
import { link } from "../router.ts";
import { Badge, Button, Dialog, Fog, Id, Loading, Note, Shown, Table, Text } from "../ui/parts.tsx";
import { capOfStep, hourly, stepFor } from "../pages/market_parts.tsx";
import { Confirm, type Wish } from "../wallet/confirm.tsx";
import { useWallet } from "../wallet/state.ts";

const hourMs = 3_600_000n;

interface Form {
  least: string;
  most: string;
  cpu: string;
  memory: string;
  storage: string;
  requests: string;
  gfuel: string;
  egress: string;
  cap: string;
  spend: string;
  deposit: string;
  countries: string;
  leaseHours: string;
}

function termsOf(form: Form, service: Service, gateways: string[]): { terms: Terms; deposit: bigint } | Partial<Record<keyof Form, string>> {
  const wrong: Partial<Record<keyof Form, string>> = {};
  const number = (name: keyof Form, low: number, high: number, scale = 1): number => {
    const value = Number(form[name]);
    if (form[name].trim() === "" || !Number.isFinite(value) || value < low || value > high) {
      wrong[name] = `A number from ${whole(low)} to ${whole(high)}`;
      return low;
    }
    return Math.round(value * scale);
  };
  const money = (name: keyof Form): bigint => {
    const value = parseFog(form[name]);
    if (typeof value === "string") wrong[name] = value;
    else if (value === 0n) wrong[name] = "More than nothing";
    return typeof value === "string" ? 0n : value;
  };
  const least = number("least", 0, 1024);
  const most = number("most", 1, 1024);
  if (least > most) wrong.most = "Not below the fewest";
  const codes = form.countries
    .toUpperCase()
    .split(/[\s,]+/)
    .filter(Boolean);
  if (codes.some((code) => !/^[A-Z]{2}$/.test(code))) wrong.countries = "Two letters each, such as DE, FR";
  const cap = money("cap");
  const step = stepFor(cap);
  if (step === null) wrong.cap = "Above the highest cap";
  const spend = money("spend");
  if (step !== null && spend < capOfStep(step)) wrong.spend = `At least the price cap, which its step makes ${fog(capOfStep(step))}`;
  const leaseMs = number("leaseHours", 0, 366 * 24, 3_600_000);
  const terms: Terms = {
    service: service.name,
    replicas_min: least,
    replicas_max: most,
    resources: {
      cpu_milli: number("cpu", 0.01, 1024, 1000),
      memory_mib: number("memory", 1, 2 ** 24),
      storage_mib: number("storage", 0, 2 ** 30),
      egress_mbps: 0,
      gpu: null,
    },
    profile: {
      requests: String(number("requests", 0, 1e12)),
      fuel: String(BigInt(number("gfuel", 0, 1e9, 1000)) * 1_000_000n),
      egress_bytes: String(BigInt(number("egress", 0, 1e9)) * 1_048_576n),
    },
    cap_step: step ?? 0,
    unit_caps: Object.fromEntries(unitNames.map((name) => [name, null])) as Terms["unit_caps"],
    spend_per_hour_max: String(spend),
    constraints: {
      countries: codes,
      not_countries: [],
      cells: [],
      distance_max_km: 0,
      latency_max_us: 0,
      attributes: [],
      auditors: [],
      only_hosts: [],
      not_hosts: [],
      only_owners: [],
      not_owners: [],
      runtime: null,
      standing_min: 0,
      per_host_max: 1,
      per_owner_max: 255,
      per_country_max: 255,
    },
    near: null,
    latency_weight: 0,
    verification: "none",
    gateways,
    lease_ms: String(leaseMs),
    start_by_ms: "0",
    warm: 0,
    demands_per_hour: least === most ? 0 : 60,
  };
  const deposit = money("deposit");
  return Object.keys(wrong).length > 0 ? wrong : { terms, deposit };
}

function isDone(value: ReturnType<typeof termsOf>): value is { terms: Terms; deposit: bigint } {
  return "terms" in value;
}

/** An hour of every replica at the spending cap, and the slices that stay locked meanwhile. */
function depositFor(spend: bigint, most: number, params: Params): bigint {
  const ms = BigInt(params.market.receipt_interval_ms) + BigInt(params.market.notice_ms) + hourMs;
  return ((spend * ms + hourMs - 1n) / hourMs) * BigInt(Math.max(1, most));
}

function defaults(service: Service, params: Params): Form {
  const resources = { cpu_milli: 100, memory_mib: service.manifest.memory_mib, storage_mib: service.manifest.keyvalue_mib, egress_mbps: 0, gpu: null };
  const profile = service.metered ?? { requests: "3600", fuel: "100000000000", egress_bytes: String(64 * 1_048_576) };
  const dearest = params.market.classes.reduce((most, one) => {
    const cost = hourly(one.prices, resources, profile);
    return cost > most ? cost : most;
  }, 1n);
  const cap = capOfStep(stepFor(dearest * 2n) ?? 127);
  return {
    least: "1",
    most: "1",
    cpu: "0.1",
    memory: String(resources.memory_mib),
    storage: String(resources.storage_mib),
    requests: profile.requests,
    gfuel: String(Math.max(1, Math.round(Number(profile.fuel) / 1e6)) / 1000),
    egress: String(Math.ceil(Number(profile.egress_bytes) / 1_048_576)),
    cap: fogNumber(cap),
    spend: fogNumber(cap * 4n),
    deposit: fogNumber(depositFor(cap * 4n, 1, params)),
    countries: "",
    leaseHours: "0",
  };
}

async function read(name: string) {
  const [service, params, gateways] = await batch<any>([["market_service", { name }], ["params_get"], ["market_gateways", { limit: 100 }]]);
  for (const one of [service, params]) if (one instanceof FogError) throw one;
  return { service: service as Service, params: params as Params, gateways: or<PageOf<Gateway>>(gateways, { items: [], next: null, height: "0" }).items };
}

export function Fund({ service, close }: { service: string; close: () => void }) {
  const found = useAsk(() => read(service), [service]);
  const [wish, setWish] = useState<Wish | null>(null);
  if (wish) return <Confirm wish={wish} close={close} />;
  return (
    <Dialog title={"Fund a bid for " + service} close={close} wide>
      <Shown of={found}>{(data) => <FundForm {...data} ask={setWish} />}</Shown>
    </Dialog>
  );
}

function FundForm({ service, params, gateways, ask }: { service: Service; params: Params; gateways: Gateway[]; ask: (wish: Wish) => void }) {
  const wallet = useWallet();
  const [form, setForm] = useState(() => defaults(service, params));
  const [chosen, setChosen] = useState(() => gateways.slice(0, 8).map((one) => one.owner));
  const [shown, setShown] = useState(false);
  const result = useMemo(() => termsOf(form, service, chosen), [form, chosen]);
  const wrong = isDone(result) ? {} : result;
  const set = (name: keyof Form) => (value: string) => setForm({ ...form, [name]: value });
  const field = (name: keyof Form, label: string, unit?: string, help?: string, type = "number") => (
    <Text label={label} id={"fund-" + name} type={type} unit={unit} value={form[name]} set={set(name)} help={help} error={shown || form[name] !== "" ? wrong[name] : undefined} />
  );
  const submit = () => {
    setShown(true);
    if (!isDone(result) || chosen.length === 0) return;
    const { terms, deposit } = result;
    const count = terms.replicas_min === terms.replicas_max ? plural(terms.replicas_min, "replica") : `${terms.replicas_min} to ${terms.replicas_max} replicas`;
    ask({
      title: "Fund a bid",
      orders: [{ name: "create_bid", body: { terms: terms as unknown as Record<string, unknown>, deposit: String(deposit) } }],
      effects: [
        `a bid for ${count} of ${service.name} that the next block matches`,
        <>
          each replica costs at most <Fog value={capOfStep(terms.cap_step)} /> an hour at the use you expect, and never more than <Fog value={terms.spend_per_hour_max} /> an hour
        </>,
        <>
          <Fog value={deposit} /> go from your account into the bid's escrow; what is not used comes back when it closes
        </>,
        `${plural(chosen.length, "gateway")} may forward requests and vouch for them${terms.demands_per_hour ? ", and ask for more replicas" : ""}`,
        ...(terms.lease_ms === "0" ? ["it runs until you close it or the escrow is used up"] : []),
      ],
      spends: deposit,
    });
  };
  return (
    <form class="form" onSubmit={(event) => (event.preventDefault(), submit())}>
      <fieldset>
        <legend>How much runs</legend>
        <div class="fields">
          {field("least", "Replicas, at least", undefined, "0: only while somebody asks")}
          {field("most", "Replicas, at most")}
          {field("cpu", "CPU each", "cores")}
          {field("memory", "Memory each", "MiB")}
          {field("storage", "Storage each", "MiB")}
          {field("countries", "Only in", undefined, "Countries such as DE, FR; empty: anywhere", "text")}
        </div>
      </fieldset>
      <fieldset>
        <legend>What one replica will use an hour</legend>
        <div class="fields">
          {field("requests", "Requests")}
          {field("gfuel", "WebAssembly fuel", "10⁹ units")}
          {field("egress", "Traffic out", "MiB")}
        </div>
      </fieldset>
      <fieldset>
        <legend>Money</legend>
        <div class="fields">
          {field("cap", "Price cap an hour", "FOG", isDone(result) ? `Its step: ${fog(capOfStep(result.terms.cap_step))}` : "The most a replica may cost at that use", "text")}
          {field("spend", "Never more an hour", "FOG", "The most a replica can ever be paid", "text")}
          {field("deposit", "Deposit", "FOG", wallet.balance === null ? undefined : `You hold ${fog(wallet.balance)}`, "text")}
          {field("leaseHours", "Cleared anew after", "hours", "0: the price stays until it is closed")}
        </div>
      </fieldset>
      <fieldset>
        <legend>Gateways that may serve it</legend>
        {gateways.length === 0 && <Note tone="bad">No gateway is registered, so nobody could reach the service.</Note>}
        <div class="stack">
          {gateways.map((one) => (
            <label class="tick" key={one.owner}>
              <input
                type="checkbox"
                checked={chosen.includes(one.owner)}
                disabled={!chosen.includes(one.owner) && chosen.length >= 8}
                onChange={(event) => setChosen(event.currentTarget.checked ? [...chosen, one.owner] : chosen.filter((owner) => owner !== one.owner))}
              />
              <span>
                <span class="mono">{one.endpoint}</span> <span class="muted">{country(one.location.country)}</span>
              </span>
            </label>
          ))}
        </div>
        {shown && chosen.length === 0 && <p class="field-error">Choose at least one</p>}
      </fieldset>
      {isDone(result) ? <MarketAnswer terms={result.terms} service={service} deposit={result.deposit} /> : <Note tone="warn">Mend what is marked, then the market's answer appears here.</Note>}
      <div class="buttons">
        <Button tone="main" type="submit" disabled={!isDone(result) || chosen.length === 0}>
          Continue
        </Button>
      </div>
    </form>
  );
}

/** What the auction would give if it were held now. */
function MarketAnswer({ terms, service, deposit }: { terms: Terms; service: Service; deposit: bigint }) {
  const [report, setReport] = useState<Preview | null>(null);
  const [error, setError] = useState<string | null>(null);
  const wanted = JSON.stringify(terms);
  const turn = useRef(0);
  useEffect(() => {
    const mine = ++turn.current;
    const timer = setTimeout(() => {
      const asked = { ...terms, replicas_min: Math.max(1, terms.replicas_min) };
      rpc<Preview>("market_preview", { terms: asked, runtime: service.manifest.runtime, matches_max: 12 }).then(
        (answer) => mine === turn.current && (setReport(answer), setError(null)),
        (problem) => mine === turn.current && (setReport(null), setError((problem as Error).message)),
      );
    }, 500);
    return () => clearTimeout(timer);
  }, [wanted]);
  if (error) return <Note tone="bad">{error}</Note>;
  if (!report) return <Loading rows={3} />;
  const winners = report.matches.filter((match) => match.cleared !== null);
  const costs = winners.map((match) => ((BigInt(match.hourly) * BigInt(match.cleared!)) / 10_000n) * BigInt(match.replicas));
  const cost = costs.reduce((sum, one) => sum + one, 0n);
  return (
    <div class="card" id="market-answer" data-found={report.found}>
      <header class="card-head">
        <h3>What the market would answer now</h3>
        <div class="card-side">
          <Badge tone={report.found >= report.wanted ? "good" : report.found > 0 ? "warn" : "bad"}>
            {report.found} of {plural(report.wanted, "replica")}
          </Badge>
        </div>
      </header>
      <div class="card-body">
        {report.found > 0 ? (
          <p>
            About <Fog value={cost} /> an hour at the use you expect, <Fog value={cost * 720n} /> a month. The deposit lasts {cost > 0n ? plural(String(deposit / cost), "hour") : "long"}.
          </p>
        ) : (
          <p>No Host would serve this now. {terms.replicas_min > 0 && "The bid would wait until one does; waiting costs nothing."}</p>
        )}
        {report.reasons.length > 0 && (
          <ul class="effects" aria-label="Why other Hosts cannot serve it">
            {report.reasons.slice(0, 6).map((reason) => (
              <li key={reason.why}>
                <span>
                  {plural(reason.hosts, "Host")} {misfitText(reason.why)}
                  {reason.what && ` (${reason.what})`}
                  {reason.alone !== "0" && <span class="muted">; for {whole(reason.alone)} it is the only reason</span>}
                  {reason.why === "price_cap" && reason.nearest !== "0" && <span class="muted">, the nearest at {fog(reason.nearest)} an hour</span>}
                </span>
              </li>
            ))}
          </ul>
        )}
      </div>
      {report.matches.length > 0 && (
        <Table
          caption="Hosts that can serve it"
          rows={report.matches}
          rowKey={(match) => match.host}
          columns={[
            { name: "Host", cell: (match) => <Id value={match.host} to={link("host", match.host)} what="Host id" copy={false} /> },
            { name: "Place", cell: (match) => country(match.location.country) },
            { name: "Asks", right: true, cell: (match) => scaleText(match.asked) },
            { name: "Would be paid", right: true, cell: (match) => (match.cleared === null ? <span class="muted">wins nothing</span> : scaleText(match.cleared)) },
            { name: "An hour", right: true, cell: (match) => <Fog value={(BigInt(match.hourly) * BigInt(match.cleared ?? match.asked)) / 10_000n} /> },
          ]}
        />
      )}
    </div>
  );
}
