import { Deque } from "../../../collections/deque.ts";
import type { DeliveryOrder } from "./delivery-order.ts";
import type { MessageState, StoredMessage } from "./stored-message.ts";

interface Lane {
  readonly groupId: string;
  /** Every message of the group in the order of sending. Messages that are gone are removed lazily. */
  readonly messages: Deque<StoredMessage>;
  /** The lane is in the line of lanes. While it is, it stays the only lane of its group. */
  isReady: boolean;
  /** A receive is taking from the lane. Meanwhile its messages keep their positions. */
  isServed: boolean;
}

/**
 * Order of a FIFO queue: one lane per message group.
 *
 * A receive takes visible messages from the head of a lane, up to the first that is in flight or delayed. It
 * takes as many from one lane as it wants before it turns to the next. As recorded from the service, a lane
 * is blocked only while the message at its head is hidden. A lane that was served goes to the end of the
 * line.
 */
export class GroupLanes implements DeliveryOrder {
  readonly #lanes = new Map<string, Lane>();
  readonly #ready = new Deque<Lane>();

  add(message: StoredMessage): void {
    const lane = this.#laneOf(message);
    lane.messages.push(message);
    this.#lineUp(lane);
  }

  changed(message: StoredMessage, from: MessageState): void {
    if (message.state === "inFlight" && from === "visible") return;
    this.#lineUp(this.#laneOf(message));
  }

  select(max: number, accept: (message: StoredMessage) => boolean): StoredMessage[] {
    const selected: StoredMessage[] = [];
    while (selected.length < max) {
      const lane = this.#ready.shift();
      if (lane === undefined) break;
      lane.isServed = true;
      takeFromHead(lane, max, selected, accept);
      lane.isServed = false;
      lane.isReady = false;
      this.#lineUp(lane);
    }
    return selected;
  }

  peek(): StoredMessage | undefined {
    for (;;) {
      const lane = this.#ready.at(0);
      if (lane === undefined) return undefined;
      const head = liveHead(lane);
      if (head?.state === "visible") return head;
      // The head expired after the lane was lined up, and no visible message follows it.
      lane.isReady = false;
      this.#ready.shift();
      this.#lineUp(lane);
    }
  }

  clear(): void {
    this.#lanes.clear();
    this.#ready.clear();
  }

  #laneOf(message: StoredMessage): Lane {
    const groupId = message.content.groupId ?? "";
    let lane = this.#lanes.get(groupId);
    if (lane === undefined) {
      lane = { groupId, messages: new Deque(), isReady: false, isServed: false };
      this.#lanes.set(groupId, lane);
    }
    return lane;
  }

  #lineUp(lane: Lane): void {
    if (lane.isServed) return;
    const head = liveHead(lane);
    if (lane.isReady) return;
    if (head === undefined) this.#lanes.delete(lane.groupId);
    else if (head.state === "visible") {
      lane.isReady = true;
      this.#ready.push(lane);
    }
  }
}

function takeFromHead(
  lane: Lane,
  max: number,
  selected: StoredMessage[],
  accept: (message: StoredMessage) => boolean,
): void {
  liveHead(lane);
  for (let position = 0; selected.length < max; position += 1) {
    const message = lane.messages.at(position);
    if (message === undefined) return;
    if (message.state === "gone") continue;
    if (message.state !== "visible") return;
    if (accept(message)) selected.push(message);
  }
}

function liveHead(lane: Lane): StoredMessage | undefined {
  for (;;) {
    const head = lane.messages.at(0);
    if (head === undefined || head.state !== "gone") return head;
    lane.messages.shift();
  }
}
