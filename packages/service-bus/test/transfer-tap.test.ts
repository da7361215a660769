import type { AddressInfo, Server } from "node:net";
import { seededRandom } from "@anyqueue/core/testing";
import rhea, { type Connection, type Delivery, type EventContext, type Receiver, type Sender } from "rhea";
import { afterEach, describe, expect, test } from "vitest";
import { LeanDelivery } from "../src/lean-delivery.ts";
import type { RawContext } from "../src/lean-message.ts";
import { isRheaDelivery, type RheaLink } from "../src/rhea-names.ts";
import { takerOf, tapTransfers } from "../src/transfer-tap.ts";
import { TransferTaker, type TransferEvents } from "../src/transfer-taker.ts";
import { present, until } from "./open-adapter.ts";

const { types, message: amqp } = rhea;
const MESSAGES = 200;
const FRAME_BYTES = 4_096;

type Outcome = "accept" | "release" | "reject" | "modified";

interface Plan {
  readonly message: object;
  readonly isSettled: boolean;
  readonly outcome: Outcome;
}

const closes: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closes.splice(0)) await close();
});

/** Plain messages, with every kind of other message between them. */
function plansOf(seed: number): readonly Plan[] {
  const next = seededRandom(seed);
  const pick = <Item>(items: readonly Item[]): Item => present(items[Math.floor(next() * items.length)]);
  return Array.from({ length: MESSAGES }, (_, index) => {
    const plain = {
      message_id: `m${index}`,
      body: amqp.data_section(Buffer.from(`b${index}`)),
      delivery_count: 1,
    };
    const others = [
      { ...plain, body: amqp.data_section(Buffer.alloc(3 * FRAME_BYTES, index)) },
      { ...plain, body: { a: index } },
      { ...plain, application_properties: { at: types.wrap_described("u", "com.microsoft:uri") } },
      { ...plain, body: amqp.data_sections([Buffer.from("a"), Buffer.from("b")]) },
    ];
    return {
      message: next() < 0.7 ? plain : pick(others),
      isSettled: next() < 0.05,
      outcome: next() < 0.7 ? "accept" : pick<Outcome>(["release", "reject", "modified"]),
    };
  });
}

interface Seen {
  readonly arrived: readonly unknown[];
  /** Outcomes by tag, as the sender sees them. */
  readonly outcomes: Readonly<Record<string, unknown>>;
  readonly answers: readonly number[];
  readonly counts: readonly unknown[];
  readonly lean: number;
}

/** Sends all messages, settles each as planned, a few at a time, and waits for every answer. */
async function exchange(plans: readonly Plan[], isTapped: boolean, creditWindow = 0): Promise<Seen> {
  const outcomes: Record<string, unknown> = {};
  const { receiver, sender } = await linked(creditWindow, (delivery, outcome) => {
    outcomes[String(delivery.tag)] = outcome;
  });
  const arrived: { readonly id: number; readonly tag: string; readonly message: unknown }[] = [];
  const answers: number[] = [];
  const unsettled: RawContext["delivery"][] = [];
  let lean = 0;
  const take = ({ message, delivery }: RawContext): void => {
    const { id, tag } = delivery as unknown as Delivery;
    const shown = JSON.parse(JSON.stringify({ ...message })) as unknown;
    arrived.push({ id, tag: String(tag), message: shown });
    if (delivery instanceof LeanDelivery) lean += 1;
    if (delivery.remote_settled) (delivery as unknown as Delivery).update(true);
    else unsettled.push(delivery);
    if (creditWindow === 0) receiver.add_credit(1);
  };
  const events: TransferEvents = {
    arrived: take,
    isAwaited: ({ id }) => id % 7 !== 0,
    settled: ({ id }) => answers.push(id),
  };
  receiver.on("message", (context: EventContext) => {
    const raw = context as unknown as RawContext;
    if (isTapped && isRheaDelivery(raw.delivery)) {
      const { link } = raw.delivery;
      const taker = takerOf(link);
      if (taker === undefined) tapTransfers(link, new TransferTaker(link, events));
      else taker.prove(raw);
    }
    take(raw);
  });
  receiver.on("settled", ({ delivery }: EventContext) => answers.push(present(delivery).id));
  if (creditWindow === 0) receiver.add_credit(20);
  let sent = 0;
  const send = (): void => {
    for (; sent < plans.length && sender.sendable(); sent += 1) {
      const { message, isSettled } = present(plans[sent]);
      const delivery = sender.send(message as never, Buffer.from(String(sent)));
      if (isSettled) delivery.update(true);
    }
  };
  sender.on("sendable", send);
  let done = 0;
  while (done < plans.length) {
    send();
    await until(() => unsettled.length > 0 || arrived.length === plans.length);
    // Accepts go together, all others in separate turns: otherwise rhea merges them.
    for (const delivery of unsettled.splice(0)) {
      const { outcome } = present(plans[Number(String((delivery as unknown as Delivery).tag))]);
      if (outcome !== "accept") await turn();
      settle(delivery as unknown as Delivery, outcome);
      if (outcome !== "accept") await turn();
    }
    done = arrived.length - unsettled.length;
    await turn();
  }
  const awaited = arrived.length - plans.filter(({ isSettled }) => isSettled).length;
  await until(() => answers.length === awaited);
  await turn();
  return { arrived, outcomes, answers: answers.toSorted((a, b) => a - b), counts: countsOf(receiver), lean };
}

function settle(delivery: Delivery, outcome: Outcome): void {
  if (outcome === "accept") delivery.accept();
  else if (outcome === "release") delivery.release();
  else if (outcome === "reject") delivery.reject({ condition: "no", description: `d${delivery.id}` });
  else delivery.modified({ delivery_failed: true, undeliverable_here: false });
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

function countsOf(receiver: Receiver): readonly unknown[] {
  const { credit, delivery_count: count, session } = receiver as unknown as RheaLink;
  const { incoming } = session;
  return [credit, count, incoming.next_transfer_id, incoming.next_delivery_id, incoming.deliveries.size];
}

async function linked(
  creditWindow: number,
  settled: (delivery: Delivery, outcome: unknown) => void,
): Promise<{ readonly receiver: Receiver; readonly sender: Sender }> {
  const server = rhea.create_container();
  const sending = new Promise<Sender>((resolve) => {
    server.on("sender_open", ({ sender }: EventContext) => resolve(present(sender)));
  });
  for (const outcome of ["accepted", "released", "rejected", "modified"]) {
    server.on(outcome, ({ delivery }: EventContext) => {
      const { remote_state: state } = present(delivery) as unknown as {
        remote_state: { described(): object };
      };
      settled(present(delivery), [outcome, JSON.stringify(state)]);
      if (present(delivery).remote_settled) return;
      present(delivery).update(true, state.described());
      (present(delivery) as { remote_settled: boolean }).remote_settled = true;
    });
  }
  const listening: Server = server.listen({
    port: 0,
    host: "127.0.0.1",
    sender_options: { treat_modified_as_released: false } as object,
  });
  await new Promise((resolve) => listening.once("listening", resolve));
  const { port } = listening.address() as AddressInfo;
  const client: Connection = rhea
    .create_container()
    .connect({ port, host: "127.0.0.1", reconnect: false, max_frame_size: FRAME_BYTES });
  closes.push(async () => {
    client.on("connection_close", () => {});
    client.close();
    await new Promise((resolve) => client.once("disconnected", resolve).once("connection_close", resolve));
    listening.close();
  });
  const receiver = client.open_receiver({
    source: "q",
    autoaccept: false,
    credit_window: creditWindow,
    rcv_settle_mode: 1,
  });
  return { receiver, sender: await sending };
}

describe("transfers that are taken before rhea takes them", () => {
  test.each([1, 2, 3])("are counted, kept, settled and answered as rhea's own, seed %i", async (seed) => {
    const plans = plansOf(seed);
    const { lean: none, ...asRhea } = await exchange(plans, false);
    const { lean, ...tapped } = await exchange(plans, true);
    expect(tapped).toEqual(asRhea);
    expect(tapped.counts.at(-1)).toBe(0);
    expect(none).toBe(0);
    expect(lean).toBeGreaterThan(MESSAGES / 2);
  });

  test("are rhea's on a link for which rhea does something of its own with each", async () => {
    const plans = plansOf(4);
    const { lean, arrived } = await exchange(plans, true, 20);
    expect([lean, arrived.length]).toEqual([0, MESSAGES]);
  });

  test.each([undefined, {}, { link: {} }, { link: { session: {}, connection: {} } }])(
    "are rhea's where its names are others: %o",
    (delivery) => {
      expect(isRheaDelivery(delivery)).toBe(false);
    },
  );
});
