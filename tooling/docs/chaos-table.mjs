// Generates the tables of docs/reliability.md from docs/reference/chaos.json.

import { FAULT_ROWS } from "../chaos/fault-rows.ts";

const PROVIDERS = {
  memory: "Memory",
  "memory-ordered": "Memory, ordered",
  sqs: "SQS standard",
  "sqs-fifo": "SQS FIFO",
  "service-bus": "Service Bus",
  "service-bus-session": "Service Bus sessions",
  pubsub: "Pub/Sub",
  "pubsub-ordered": "Pub/Sub ordered",
  "pubsub-exactly-once": "Pub/Sub exactly-once",
};

/** The date of the run, and its results by provider and by fault. */
export function chaosSection({ date, seed, rows }, table) {
  const failed = rows.filter(({ verdict }) => verdict !== "pass");
  return [
    `Run of ${date}, seed ${seed}: ${rows.length} cells, ${rows.length - failed.length} passed. Recovery is the time from the`,
    "end of a fault to the next handled message, including any lease or timeout that a cell must wait for.",
    "",
    table(providerRows(rows)),
    "",
    "Cells that passed, of those that ran:",
    "",
    table(faultRows(rows)),
    "",
    ...(failed.length === 0 ? [] : ["What did not pass:", "", ...failed.map(failureLine), ""]),
    "Rows of the fault matrix without a cell of their own:",
    "",
    ...Object.entries(FAULT_ROWS)
      .filter(([, { elsewhere }]) => elsewhere !== undefined)
      .map(([row, { what, elsewhere }]) => `- ${row}, ${what}: ${elsewhere}.`),
  ].join("\n");
}

function providerRows(rows) {
  const header = [
    "",
    "Cells",
    "Confirmed",
    "Lost",
    "Duplicates with a reason",
    "Without",
    "Out of order",
    "Recovery, median",
    "Longest",
  ];
  const lines = Object.entries(PROVIDERS).flatMap(([provider, title]) => {
    const own = rows.filter((row) => row.provider === provider);
    if (own.length === 0) return [];
    const recoveries = own.flatMap(({ recoveryMs }) => recoveryMs ?? []).toSorted((a, b) => a - b);
    return [
      [
        title,
        own.length,
        sum(own, "confirmed"),
        sum(own, "lost"),
        sum(own, "justifiedDuplicates"),
        sum(own, "unjustifiedDuplicates"),
        sum(own, "orderViolations"),
        seconds(recoveries[recoveries.length >> 1]),
        seconds(recoveries.at(-1)),
      ],
    ];
  });
  return [header, ...lines];
}

function faultRows(rows) {
  const providers = Object.keys(PROVIDERS).filter((name) => rows.some(({ provider }) => provider === name));
  const faults = [...new Set(rows.map(({ fault }) => fault))].toSorted((a, b) => (a < b ? -1 : 1));
  const lines = faults.map((fault) => [
    fault,
    ...providers.map((provider) => {
      const own = rows.filter((row) => row.provider === provider && row.fault === fault);
      const passed = own.filter(({ verdict }) => verdict === "pass").length;
      if (own.length === 0) return "–";
      return passed === own.length ? String(passed) : `**${passed} of ${own.length}**`;
    }),
  ]);
  return [["Fault", ...providers.map((name) => PROVIDERS[name])], ...lines];
}

function failureLine({ provider, fault, phase, verdict, problems = [] }) {
  return `- ${provider}/${fault}/${phase} (${verdict}): ${problems.map((text) => text.split("\n")[0]).join("; ")}`;
}

function sum(rows, name) {
  return rows.reduce((total, row) => total + row[name], 0).toLocaleString("en-US");
}

function seconds(ms) {
  return ms === undefined ? "–" : `${(ms / 1_000).toFixed(1)} s`;
}
