import { deepStrictEqual } from "node:assert";
import fc from "fast-check";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { bytesOf, compound, described, descriptor, MESSAGE, VALUE } from "./amqp-bytes.ts";
import { end, frame, performative, uint, type Outcome } from "./fed-connection.ts";
import { ACCEPTED, dataOf, FedPeer, transfer, USUAL_FORM, type TransferForm } from "./fed-peer.ts";

const NULL = Buffer.of(0x40);
const TRUE = Buffer.of(0x41);
const FALSE = Buffer.of(0x42);
const RELEASED = described(Buffer.of(0x53, 0x26), Buffer.of(0x45));

beforeEach(() => {
  // rhea prints a message about whatever it does not know.
  for (const name of ["warn", "error"] as const) vi.spyOn(console, name).mockImplementation(() => {});
});

const often = <Value>(usual: fc.Arbitrary<Value>, other: fc.Arbitrary<Value>): fc.Arbitrary<Value> =>
  fc.oneof({ weight: 60, arbitrary: usual }, { weight: 1, arbitrary: other });

const FORM: fc.Arbitrary<TransferForm> = fc.record({
  descriptor: descriptor(0x14, "amqp:transfer:list"),
  widths: fc.array(fc.nat(2), { minLength: 3, maxLength: 3 }),
  tag: often(
    bytesOf(16),
    fc.uint8Array({ maxLength: 3 }).map((each) => Buffer.from(each)),
  ),
  tagCode: fc.constantFrom(0xa0, 0xb0),
  format: often(fc.constant<number | undefined>(0), fc.constantFrom(1, undefined)),
  settled: often(fc.constantFrom(NULL, FALSE), fc.constantFrom(TRUE, Buffer.of(0x56, 0), Buffer.of(0x56, 1))),
  more: often(fc.constantFrom(NULL, FALSE), fc.constant(Buffer.of(0x56, 0))),
  rest: fc.oneof(
    {
      weight: 60,
      arbitrary: fc.constantFrom([], [NULL, NULL, NULL], [NULL, NULL, FALSE, FALSE, TRUE]),
    },
    fc.constantFrom(
      [Buffer.of(0x50, 1)],
      [NULL, ACCEPTED],
      [NULL, NULL, TRUE],
      [NULL, NULL, FALSE, TRUE],
      Array.from({ length: 6 }, () => NULL),
    ),
    fc.array(VALUE, { maxLength: 7 }),
  ),
  isShort: fc.boolean(),
  code: fc.constantFrom(0xc0, 0xd0),
  extraWords: often(fc.constant(0), fc.nat(3)),
});

const share = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const link = fc.constantFrom(0, 0, 1);
const OUTCOME = fc.constantFrom<Outcome>("accept", "accept", "accept", "release", "reject", "modified");

type Step = (peer: FedPeer) => void | Promise<void>;

/** Adds a name to a step, for the report of a counterexample. */
function step<Args extends unknown[]>(
  name: string,
  args: fc.Arbitrary<Args>,
  run: (peer: FedPeer, ...args: Args) => void | Promise<void>,
): fc.Arbitrary<Step> {
  return args.map((each) =>
    Object.assign((peer: FedPeer) => run(peer, ...each), {
      [fc.toStringMethod]: () => `${name}(${fc.stringify(each)})`,
    }),
  );
}

const USUAL = fc.oneof(
  {
    weight: 30,
    arbitrary: step(
      "message",
      fc.tuple(link, MESSAGE, FORM, often(fc.constant<number[]>([]), fc.array(share, { maxLength: 3 }))),
      (peer, ...args) => peer.message(...args),
    ),
  },
  {
    weight: 5,
    arbitrary: step(
      "in pieces",
      fc.tuple(link, MESSAGE, fc.array(share, { maxLength: 3 })),
      (peer, at, message, cuts) => peer.message(at, message, USUAL_FORM, cuts),
    ),
  },
  { weight: 5, arbitrary: step("goOn", fc.tuple(link), (peer, at) => peer.goOn(at)) },
  {
    weight: 40,
    arbitrary: step("settle", fc.tuple(fc.oneof(fc.constant(0), share), OUTCOME), (peer, ...args) =>
      peer.settle(...args),
    ),
  },
  { weight: 10, arbitrary: step("turn", fc.tuple(), async (peer) => await peer.turn()) },
  { weight: 15, arbitrary: step("confirm", fc.tuple(fc.boolean()), (peer, isEach) => peer.confirm(isEach)) },
  {
    weight: 5,
    arbitrary: step(
      "answer",
      fc.tuple(
        share,
        fc.nat(4),
        often(
          fc.constant(ACCEPTED),
          fc.constantFrom(NULL, RELEASED, described(Buffer.of(0x53, 0x24), compound(0xc0, []))),
        ),
        often(fc.constant(TRUE), fc.constant(FALSE)),
      ),
      (peer, at, more, state, settled) => {
        const first = Math.floor(at * peer.nextId);
        peer.answer(first, first + more, state, settled);
      },
    ),
  },
  {
    weight: 3,
    arbitrary: step("credit", fc.tuple(link, fc.nat(3)), (peer, at, count) =>
      peer.act((side) => side.credit(at, count)),
    ),
  },
  { weight: 3, arbitrary: step("heartbeat", fc.tuple(), (peer) => peer.send(frame(Buffer.alloc(0), 0, 0))) },
  {
    weight: 2,
    arbitrary: step("flow", fc.tuple(fc.option(link, { nil: undefined }), fc.boolean()), (peer, ...args) =>
      peer.flow(...args),
    ),
  },
  { weight: 1, arbitrary: step("drain", fc.tuple(link), (peer, at) => peer.act((side) => side.drain(at))) },
);

const PLACE = fc.constantFrom(NULL, TRUE, uint(0), uint(2), uint(40), Buffer.of(0xa1, 1, 0x33));

/** What no service should send, and what can happen at any time. */
const HARM = fc.oneof(
  step("spoil", fc.tuple(share, fc.integer({ min: 1, max: 255 })), (peer, ...args) =>
    peer.spoilNext(...args),
  ),
  step("raw", fc.tuple(fc.uint8Array({ maxLength: 30 })), (peer, bytes) =>
    peer.send(frame(Buffer.from(bytes))),
  ),
  step("empty", fc.tuple(link), (peer, at) => peer.message(at, Buffer.alloc(0))),
  step("of no link", fc.tuple(fc.constantFrom(2, 255, 256, 4_294_967_295)), (peer, handle) =>
    peer.send(transfer(USUAL_FORM, handle, peer.nextId, dataOf("x"))),
  ),
  step("out of turn", fc.tuple(fc.integer({ min: -3, max: 3 })), (peer, by) =>
    peer.send(transfer(USUAL_FORM, 0, Math.max(0, peer.nextId + by), dataOf("x"))),
  ),
  step("aborted", fc.tuple(link), (peer, at) =>
    peer.message(at, dataOf("x"), { ...USUAL_FORM, rest: [NULL, NULL, FALSE, TRUE] }, [0.5]),
  ),
  step("detach", fc.tuple(link), (peer, at) => peer.detach(at)),
  step("attach", fc.tuple(link, fc.constantFrom("first", "second")), (peer, ...args) => peer.attach(...args)),
  step("end", fc.tuple(), (peer) => peer.send(end())),
  step("close", fc.tuple(link), (peer, at) => peer.act((side) => side.closeLink(at))),
  step("eof", fc.tuple(), (peer) => peer.act((side) => side.end())),
  step("broad answer", fc.tuple(fc.nat(9), fc.nat(3_000)), (peer, first, last) =>
    peer.answer(first, last, ACCEPTED, TRUE),
  ),
  // No large ranges: rhea goes through all of their ids.
  step(
    "disposition of no form",
    fc.tuple(PLACE, PLACE, fc.array(VALUE, { maxLength: 5 })),
    (peer, ...fields) => peer.send(frame(performative(0x15, FALSE, fields[0], fields[1], ...fields[2]))),
  ),
);

const CHUNKS = fc.oneof(
  fc.constant([]),
  fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 9 }),
  fc.array(fc.integer({ min: 100, max: 4_000 }), { maxLength: 9 }),
);

async function play(steps: readonly Step[], chunks: readonly number[]): Promise<readonly [number, number]> {
  const peer = new FedPeer(chunks);
  await peer.begin();
  for (const one of steps) {
    await one(peer);
    compare(peer);
  }
  await peer.turn();
  await peer.turn();
  compare(peer);
  return peer.lean;
}

/** @returns how much bypassed rhea */
async function playAll(
  one: fc.Arbitrary<Step>,
  minLength: number,
  numRuns: number,
): Promise<{ readonly messages: number; readonly answers: number }> {
  const lean = { messages: 0, answers: 0 };
  const steps = fc.array(one, { minLength, maxLength: 40, size: "max" });
  await fc.assert(
    fc.asyncProperty(steps, CHUNKS, async (each, chunks) => {
      const [messages, answers] = await play(each, chunks);
      lean.messages += messages;
      lean.answers += answers;
    }),
    { numRuns },
  );
  return lean;
}

function compare(peer: FedPeer): void {
  const [asRhea, tapped] = peer.states();
  deepStrictEqual(tapped, asRhea);
}

describe("what arrives on a link whose transfers are taken", () => {
  test("is what rhea makes of the same bytes, and so is all that it counts, keeps and writes", async () => {
    const lean = await playAll(USUAL, 10, 150);
    // Otherwise rhea would be compared with itself.
    expect(lean.messages).toBeGreaterThan(400);
    expect(lean.answers).toBeGreaterThan(60);
  });

  test("is what rhea makes of it, whatever harm is done", async () => {
    const { messages } = await playAll(
      fc.oneof({ weight: 6, arbitrary: USUAL }, { weight: 1, arbitrary: HARM }),
      3,
      250,
    );
    expect(messages).toBeGreaterThan(200);
  });

  test.each([NULL, FALSE])(
    "is taken whether it says that it is not settled or says nothing of it, %j",
    async (settled) => {
      const peer = new FedPeer();
      const form = { ...USUAL_FORM, settled };
      await peer.begin(form);
      for (const link of [0, 1, 0]) peer.message(link, dataOf("x"), form);
      await peer.turn();
      compare(peer);
      expect(peer.lean[0]).toBe(3);
    },
  );

  test("may be cut anywhere, by frames and by the network", async () => {
    const bytes = Buffer.concat([dataOf("one"), dataOf("two")]);
    const sent = async (chunks: readonly number[], cuts: readonly number[]): Promise<unknown> => {
      const peer = new FedPeer(chunks);
      await peer.begin();
      peer.message(0, dataOf("a"));
      peer.message(1, bytes, USUAL_FORM, cuts);
      peer.message(0, dataOf("b"));
      for (let count = 0; count < 2; count += 1) peer.settle(0, "accept");
      peer.goOn(1, 9);
      peer.message(1, dataOf("c"));
      await peer.turn();
      peer.confirm();
      await peer.turn();
      compare(peer);
      expect(peer.lean[0]).toBe(3);
      return peer.states()[1];
    };
    const whole = await sent([], []);
    for (let at = 1; at < bytes.length; at += 1)
      expect(await sent([], [(at - 0.5) / bytes.length])).toMatchObject({ rest: [undefined, undefined] });
    for (let length = 1; length < 300; length += 13) expect(await sent([length, 100_000], [])).toEqual(whole);
    expect(await sent([1], [])).toEqual(whole);
  });
});
