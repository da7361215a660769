// An endless Pub/Sub: it counts publishes and fills streaming pulls up to their limits, all with raw bytes.
import { promisify } from "node:util";
import { Server, ServerCredentials, type ServerDuplexStream, type ServiceDefinition } from "@grpc/grpc-js";
import type { handleUnaryCall } from "@grpc/grpc-js";
import { bodyAt } from "../body.ts";
import { countOf, field, numberOf, varintField } from "./protobuf.ts";
import { BODIES, counts, report, withRoundTrip } from "./stub-process.ts";

const BODY_BYTES = bodyAt(BODIES, 0).length;
/** 50, or fewer if they would be more than about a megabyte. */
const MESSAGES_A_RESPONSE = Math.min(50, Math.max(1, Math.floor(1_000_000 / BODY_BYTES)));
/** The number of last digits in which ack ids and message ids differ. */
const DIGITS = 10;
const ACK_ID_PREFIX =
  "RVNEUAYWLF1GSFE3GQhoUQ5PXiM_NSAoRRIBCBQFfH1xU1p1VVQaB1ENGXJ8ZyJrCEEHAUIPN1oRDCd6fmFfWmQYAVlEXyp6".padEnd(
    166,
    "A",
  );
const EMPTY = Buffer.alloc(0);

type Pull = ServerDuplexStream<Buffer, Buffer>;

interface OpenPull {
  readonly stream: Pull;
  maxOutstanding: number;
  isBlocked: boolean;
}

const pulls = new Set<OpenPull>();
const template = responseTemplate();
let outstanding = 0;
let nextNumber = 0;

const server = new Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
server.addService(unary("Publisher", ["Publish", "ListTopicSubscriptions"]), {
  Publish: answering((request) => {
    const messages = countOf(request, 2);
    counts.sent += messages;
    return Buffer.concat(Array.from({ length: messages }, (_, index) => field(1, `19916711285${index}`)));
  }),
  ListTopicSubscriptions: answering(() => field(1, "projects/bench/subscriptions/bench")),
});
server.addService(
  { ...unary("Subscriber", ["Acknowledge", "ModifyAckDeadline", "GetSubscription"]), ...streamingPull() },
  {
    Acknowledge: answering((request) => {
      settle(countOf(request, 2));
      return EMPTY;
    }),
    ModifyAckDeadline: answering(() => EMPTY),
    GetSubscription: answering(() =>
      Buffer.concat([
        field(1, "projects/bench/subscriptions/bench"),
        field(2, "projects/bench/topics/bench"),
        varintField(5, 60),
      ]),
    ),
    StreamingPull: open,
  },
);
const bind = promisify(server.bindAsync.bind(server));
report(await withRoundTrip(await bind("127.0.0.1:0", ServerCredentials.createInsecure())));

function open(stream: Pull): void {
  const pull: OpenPull = { stream, maxOutstanding: 0, isBlocked: false };
  pulls.add(pull);
  const gone = (): void => {
    pulls.delete(pull);
    if (pulls.size === 0) outstanding = 0;
  };
  stream.on("data", (request: Buffer) => {
    const maxByBytes = Math.floor((numberOf(request, 8) || Infinity) / BODY_BYTES);
    pull.maxOutstanding = Math.min(numberOf(request, 7), maxByBytes) || pull.maxOutstanding || Infinity;
    settle(countOf(request, 2));
  });
  stream.on("end", () => {
    gone();
    stream.end();
  });
  stream.on("cancelled", gone).on("error", gone);
}

function settle(ackIds: number): void {
  counts.settled += ackIds;
  outstanding = Math.max(0, outstanding - ackIds);
  fill();
}

function fill(): void {
  let allowed = 0;
  for (const { maxOutstanding } of pulls) allowed += maxOutstanding;
  for (const pull of pulls) {
    while (!pull.isBlocked && !pull.stream.destroyed && outstanding + MESSAGES_A_RESPONSE <= allowed) {
      outstanding += MESSAGES_A_RESPONSE;
      counts.received += MESSAGES_A_RESPONSE;
      if (pull.stream.write(nextResponse())) continue;
      pull.isBlocked = true;
      pull.stream.once("drain", () => {
        pull.isBlocked = false;
        fill();
      });
    }
  }
}

/** Ack ids and message ids differ only in their last digits: this copies a template and overwrites them. */
function nextResponse(): Buffer {
  const response = Buffer.from(template.bytes);
  for (const { ackIdEnd, messageIdEnd } of template.ends) {
    let rest = nextNumber;
    nextNumber += 1;
    for (let back = 1; back <= DIGITS; back += 1) {
      const digit = 0x30 + (rest % 10);
      response[ackIdEnd - back] = digit;
      response[messageIdEnd - back] = digit;
      rest = Math.floor(rest / 10);
    }
  }
  return response;
}

interface Template {
  readonly bytes: Buffer;
  /** The ends of both ids of each message in it. */
  readonly ends: readonly { readonly ackIdEnd: number; readonly messageIdEnd: number }[];
}

function responseTemplate(): Template {
  const zeros = "0".repeat(DIGITS);
  const ends: { readonly ackIdEnd: number; readonly messageIdEnd: number }[] = [];
  let bytes: Buffer = EMPTY;
  for (let index = 0; index < MESSAGES_A_RESPONSE; index += 1) {
    const published = field(4, varintField(1, 1_764_000_000));
    const message = Buffer.concat([
      field(1, bodyAt(BODIES, index)),
      field(2, Buffer.concat([field(1, "type"), field(2, "order.created")])),
      field(3, `1991${zeros}`),
      published,
    ]);
    const body = field(2, message);
    bytes = Buffer.concat([bytes, field(1, Buffer.concat([field(1, `${ACK_ID_PREFIX}${zeros}`), body]))]);
    // Counted from the end: the message comes last, and its id is the last field but one.
    ends.push({ ackIdEnd: bytes.length - body.length, messageIdEnd: bytes.length - published.length });
  }
  return { bytes, ends };
}

function answering(answer: (request: Buffer) => Buffer): handleUnaryCall<Buffer, Buffer> {
  return ({ request }, callback) => {
    counts.requests += 1;
    callback(null, answer(request));
  };
}

function unary(service: string, names: readonly string[]): ServiceDefinition {
  return Object.fromEntries(names.map((name) => [name, method(service, name, false)]));
}

function streamingPull(): ServiceDefinition {
  return { StreamingPull: method("Subscriber", "StreamingPull", true) };
}

function method(service: string, name: string, isStream: boolean): ServiceDefinition[string] {
  const asIs = (bytes: Buffer): Buffer => bytes;
  return {
    path: `/google.pubsub.v1.${service}/${name}`,
    requestStream: isStream,
    responseStream: isStream,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
}
