// Writes the documents generated from data: conformance results, capabilities, error codes, defaults, chaos
// results, and the README's provider matrix. With `--check` it writes nothing, and a difference is an error.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chaosSection } from "./docs/chaos-table.mjs";
import { defaultsPage, errorCodesPage } from "./docs/engine-pages.mjs";

const ROOT = join(import.meta.dirname, "..");
const FIX = "pnpm fix";
const TITLES = {
  memory: "Memory",
  "sqs-standard": "SQS standard",
  "sqs-fifo": "SQS FIFO",
  "service-bus-queue": "Service Bus queue",
  "service-bus-session": "Service Bus session queue",
  "service-bus-subscription": "Service Bus subscription",
  "pubsub-plain": "Pub/Sub",
  "pubsub-ordered": "Pub/Sub ordered",
  "pubsub-exactly-once": "Pub/Sub exactly-once",
};
const GROUPS = {
  PROD: "Producing",
  CONS: "Consuming",
  SETL: "Settling",
  LEAS: "Leases",
  RTRY: "Retry and dead letters",
  ORDR: "Order",
  DEDU: "Deduplication",
  DELY: "Delay",
  BTCH: "Batches",
  CONC: "Concurrency and back-pressure",
  SHUT: "Shutdown",
  ERRS: "Errors",
  LARG: "Large messages",
  HDRS: "Attributes and bodies",
  PROV: "Provisioning and inspection",
  CAPA: "Honesty of capabilities and limits",
};
const OUTCOMES = {
  passed: "✓",
  negative: "refused",
  failed: "**failed**",
  "known-gap": "**gap**",
  "not-applicable": "–",
};

function main() {
  const isCheck = process.argv.includes("--check");
  const results = JSON.parse(read("docs/reference/conformance.json"));
  const stale = Object.entries(documents(results)).filter(([path, text]) => readIfThere(path) !== text);
  for (const [path, text] of stale) {
    if (isCheck) process.stderr.write(`${path} is not what its data says; write it with: ${FIX}\n`);
    else {
      writeFileSync(join(ROOT, path), text);
      process.stdout.write(`wrote ${path}\n`);
    }
  }
  if (isCheck && stale.length > 0) process.exitCode = 1;
}

/** Every generated document by its path. */
function documents({ generatedAt, claims, targets }) {
  return {
    "docs/reference/conformance.md": conformancePage(generatedAt, claims, targets),
    "docs/reference/capabilities.md": capabilitiesPage(targets),
    "docs/reference/errors.md": errorCodesPage(page),
    "docs/reference/defaults.md": defaultsPage(page, table),
    "docs/reliability.md": between(
      read("docs/reliability.md"),
      "chaos",
      chaosSection(JSON.parse(read("docs/reference/chaos.json")), table),
    ),
    "README.md": between(read("README.md"), "providers", table(readmeRows(targets))),
  };
}

function conformancePage(generatedAt, claims, targets) {
  const sections = Object.entries(GROUPS).map(([prefix, title]) =>
    groupSection(prefix, title, claims, targets),
  );
  const reasons = targets.flatMap(({ target, cases }) =>
    cases
      .filter(({ reason }) => reason !== undefined)
      .map(({ id, reason }) => `- ${id} on ${TITLES[target] ?? target}: ${reason}`),
  );
  return page(
    "Conformance results",
    `One suite, [\`@anyqueue/conformance\`](../../packages/conformance), runs on every target as part of \`npm test\`. Results of ${generatedAt.slice(0, 10)};`,
    "`pnpm conformance:report` runs it again. **✓** means that the case passed. **refused** means that the target lacks the capability, and",
    "the case's negative twin proved that asking for it fails with `UNSUPPORTED` before any request, or that what stands in its place",
    "works. **–** means that the harness has no means for the case; the reasons are at the end. No case is ever skipped.",
    "",
    table([
      ["", ...targets.map(({ target }) => TITLES[target] ?? target)],
      ["passed", ...targets.map(({ passed }) => passed)],
      ["refused as it should be", ...targets.map(({ negative }) => negative)],
      ["failed", ...targets.map(({ failed }) => failed)],
    ]),
    "",
    ...sections,
    ...(reasons.length === 0 ? [] : ["## Not applicable", "", ...reasons, ""]),
  );
}

function groupSection(prefix, title, claims, targets) {
  const cases = (targets[0]?.cases ?? []).filter(({ id }) => id.startsWith(`${prefix}-`));
  const outcome = (target, id) => OUTCOMES[target.cases.find((one) => one.id === id)?.outcome] ?? "?";
  const rows = cases.map(({ id }) => [
    id,
    claims[id].title,
    claims[id].rule,
    ...targets.map((target) => outcome(target, id)),
  ]);
  const header = ["Case", "Claim", "Rule", ...targets.map(({ target }) => TITLES[target] ?? target)];
  return `## ${title}\n\n${table([header, ...rows])}\n`;
}

function capabilitiesPage(targets) {
  return page(
    "What each provider can do",
    "The types, the start-up checks and the conformance suite all read these values; the last run of [the suite](conformance.md)",
    "wrote them here. A missing feature is refused with `UNSUPPORTED`, or emulated if the definition allows it:",
    "[portability](../concepts/portability.md).",
    "",
    "## Capabilities",
    "",
    table(rowsOf(targets, CAPABILITY_ROWS, ({ capabilities }) => capabilities)),
    "",
    "## Limits",
    "",
    table(rowsOf(targets, LIMIT_ROWS, ({ limits }) => limits)),
    "",
  );
}

const CAPABILITY_ROWS = [
  ["Order per key", ({ ordering }) => yes(ordering === "by-key")],
  ["Deduplication", ({ deduplication }) => (deduplication === "window" ? "inside a window" : "no")],
  ["Delay of a message", ({ sendDelay }) => delay(sendDelay)],
  ["Delay of a retry", ({ releaseDelay }) => delay(releaseDelay)],
  ["Giving a message back", ({ release }) => yes(release === "native")],
  ["Lease", ({ lease, leaseSetBy }) => `${lease}, set by the ${leaseSetBy}`],
  [
    "Dead letters",
    ({ deadLetter }) => (deadLetter === "native" ? "by the service" : "copied by the core, then acked"),
  ],
  ["Delivery count", ({ deliveryCount }) => deliveryCount],
  ["A settlement after the lease ended", ({ settle }) => SETTLE[settle]],
  [
    "An aborted receive",
    ({ abort }) => (abort === "clean" ? "takes nothing" : "may hide a message for one lease"),
  ],
  ["Followers of a released message", ({ followers }) => FOLLOWERS[followers]],
  [
    "A stalled key",
    ({ isolation }) => (isolation === "free" ? "holds up nobody" : "takes room from other keys"),
  ],
  [
    "A batch with one bad message",
    ({ batchFailure }) => (batchFailure === "per-item" ? "fails for that one" : "fails as a whole"),
  ],
  ["Keys in one batch", ({ batchKey }) => (batchKey === "mixed" ? "any" : "one")],
  ["Expiry per message", ({ ttl }) => yes(ttl)],
  ["Looking without taking", ({ peek }) => yes(peek)],
  ["Cancelling a delayed message", ({ cancel }) => yes(cancel)],
];
const SETTLE = {
  confirmed: "is reported as lost",
  accepted: "is accepted, effect unknown",
  lateOk: "still works",
};
const FOLLOWERS = {
  release: "go back too",
  hold: "stay leased",
  drop: "are dropped, the service redelivers",
};

const LIMIT_ROWS = [
  ["Message, attributes included", ({ maxMessageBytes }) => bytes(maxMessageBytes)],
  ["Messages in one send", ({ send }) => number(send.maxItems)],
  ["Bytes in one send", ({ send }) => bytes(send.maxBytes)],
  ["Messages in one receive", ({ receive }) => number(receive.maxItems)],
  ["Longest wait of a receive", ({ receive }) => time(receive.maxWaitMs)],
  ["An empty receive costs", ({ receive }) => (receive.billed ? "a billed request" : "nothing")],
  ["Acks in one request", ({ ack }) => number(ack.maxItems)],
  ["Lease", ({ lease }) => `${time(lease.minMs)} to ${time(lease.maxMs)}`],
  ["One delivery held in all", ({ lease }) => time(lease.totalMs)],
  ["Attributes", ({ attributes }) => number(attributes.maxCount)],
  ["Name of an attribute", ({ attributes }) => bytes(attributes.maxNameBytes)],
  ["Value of an attribute", ({ attributes }) => bytes(attributes.maxValueBytes)],
  ["Ordering key", ({ orderingKey }) => `${number(orderingKey.maxLength)} characters`],
  ["Deduplication id", ({ deduplicationId }) => `${number(deduplicationId.maxLength)} characters`],
];

function readmeRows(targets) {
  const names = [
    "Order per key",
    "Deduplication",
    "Delay of a message",
    "Delay of a retry",
    "Dead letters",
    "Delivery count",
    "Expiry per message",
  ];
  const capabilities = CAPABILITY_ROWS.filter(([name]) => names.includes(name));
  const limits = LIMIT_ROWS.filter(([name]) => name === "Message, attributes included");
  const [header, ...rows] = rowsOf(targets, capabilities, (target) => target.capabilities);
  return [
    header,
    ...rows,
    ...rowsOf(targets, limits, (target) => target.limits).slice(1),
    [
      "Conformance",
      ...targets.map(
        ({ passed, negative, failed }) => `${passed} passed, ${negative} refused, ${failed} failed`,
      ),
    ],
  ];
}

function rowsOf(targets, rows, partOf) {
  const header = ["", ...targets.map(({ target }) => TITLES[target] ?? target)];
  return [header, ...rows.map(([name, show]) => [name, ...targets.map((target) => show(partOf(target)))])];
}

function yes(value) {
  return value ? "yes" : "no";
}

function delay(value) {
  return value === "none" ? "no" : `up to ${time(value.maxMs)}`;
}

function time(ms) {
  if (typeof ms !== "number") return String(ms);
  const units = [
    ["days", 86_400_000],
    ["h", 3_600_000],
    ["min", 60_000],
    ["s", 1_000],
  ];
  const unit = units.find(([, length]) => ms >= length && ms % length === 0);
  return unit === undefined ? `${number(ms)} ms` : `${number(ms / unit[1])} ${unit[0]}`;
}

function bytes(value) {
  if (typeof value !== "number") return String(value);
  if (value >= 1_048_576 && value % 1_048_576 === 0) return `${number(value / 1_048_576)} MiB`;
  return value >= 1_024 && value % 1_024 === 0 ? `${number(value / 1_024)} KiB` : `${number(value)} bytes`;
}

function number(value) {
  return typeof value === "number" ? value.toLocaleString("en-US") : String(value);
}

/** Makes each column as wide as its widest cell, as the formatter does. */
function table(rows) {
  const cells = rows.map((row) => row.map((cell) => String(cell).replaceAll("|", "\\|")));
  const widths = cells[0].map((_, column) => Math.max(3, ...cells.map((row) => row[column].length)));
  const line = (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(" | ")} |`;
  const [header, ...body] = cells;
  return [line(header), line(widths.map((width) => "-".repeat(width))), ...body.map(line)].join("\n");
}

function page(title, ...lines) {
  return [
    `# ${title}`,
    "",
    "<!-- generated by tooling/generate-docs.mjs; do not edit -->",
    "",
    ...lines,
  ].join("\n");
}

function between(text, name, content) {
  const [start, end] = [`<!-- generated:${name} -->`, `<!-- /generated:${name} -->`];
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the markers ${start} and ${end} are missing`);
  return `${text.slice(0, from + start.length)}\n\n${content}\n\n${text.slice(to)}`;
}

function read(path) {
  return readFileSync(join(ROOT, path), "utf8");
}

function readIfThere(path) {
  try {
    return read(path);
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

main();
