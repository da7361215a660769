import type { EngineClock } from "../../../time/engine-clock.ts";
import { newQueueSettings, updatedSettings } from "./check-settings.ts";
import type { MessageCounts, QueueEntity } from "./contract.ts";
import { EntityLife } from "./entity-life.ts";
import type { QueueSettings } from "./entity-settings.ts";
import { Intake } from "./intake.ts";
import { MailboxFamily } from "./mailbox-family.ts";
import type { MessageMailbox } from "./mailbox.ts";
import type { Arrival } from "./mailbox-surroundings.ts";
import { entityDeleted } from "./refusals.ts";

/** What an entity needs from its namespace. */
export interface EntitySurroundings {
  readonly clock: EngineClock;
  readonly namespaceName: string;
  forward(fromPath: string, toPath: string, arrival: Arrival): void;
}

/** A queue: an intake in front of a family of mailboxes. */
export class Queue implements QueueEntity {
  readonly name: string;
  readonly family: MailboxFamily;
  readonly target: Intake;
  readonly #around: EntitySurroundings;
  readonly #life: EntityLife;
  #settings: QueueSettings;

  constructor(name: string, given: Partial<QueueSettings>, around: EntitySurroundings, onIdle: () => void) {
    this.name = name;
    this.#around = around;
    this.#settings = newQueueSettings(given);
    this.#life = new EntityLife(around.clock, around.namespaceName, name, () => this.#isBusy(), onIdle);
    this.family = new MailboxFamily(name, {
      clock: around.clock,
      settings: () => this.#settings,
      touch: () => {
        this.#life.touch();
      },
      checkExists: () => {
        this.#life.checkExists();
      },
      forward: (toPath, arrival) => {
        around.forward(name, toPath, arrival);
      },
    });
    this.target = this.#createIntake();
    this.#life.setIdle(this.#settings.autoDeleteOnIdleMs);
  }

  get settings(): QueueSettings {
    return this.#settings;
  }

  get mailbox(): MessageMailbox {
    return this.family.main;
  }

  get counts(): MessageCounts {
    return this.family.counts;
  }

  get sizeBytes(): number {
    return this.family.sizeBytes;
  }

  get createdAtMs(): number {
    return this.#life.createdAtMs;
  }

  get updatedAtMs(): number {
    return this.#life.updatedAtMs;
  }

  get accessedAtMs(): number {
    return this.#life.accessedAtMs;
  }

  update(given: Partial<QueueSettings>): void {
    this.#settings = updatedSettings(this.name, this.#settings, given);
    this.#life.updated(this.#settings.autoDeleteOnIdleMs);
    this.target.settingsChanged();
    this.family.settingsChanged();
  }

  /** Deletes the queue with everything in it and ends its links. */
  discard(): void {
    this.#life.delete();
    const error = entityDeleted(this.#around.namespaceName, this.name);
    this.target.end(error);
    this.family.discard(error);
  }

  #isBusy(): boolean {
    return this.family.hasReceivers || this.family.counts.scheduled > 0;
  }

  #createIntake(): Intake {
    const { keeper } = this.family.main;
    return new Intake(this.name, {
      clock: this.#around.clock,
      requiresSession: this.#settings.requiresSession,
      settings: () => this.#settings,
      sizeBytes: () => this.family.sizeBytes,
      checkExists: () => {
        this.#life.checkExists();
      },
      touch: () => {
        this.#life.touch();
      },
      take: (arrival) => this.family.arrive(arrival),
      schedule: (arrival, dueMs) => keeper.schedule(arrival, dueMs),
      cancelScheduled: (sequenceNumbers) => {
        keeper.cancelScheduled(sequenceNumbers);
      },
      pump: () => {
        keeper.pump();
      },
    });
  }
}
