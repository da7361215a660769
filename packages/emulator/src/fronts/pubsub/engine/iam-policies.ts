import { createHash } from "node:crypto";
import { PubsubError } from "../pubsub-error.ts";

/** An access policy in its wire format. Stored and returned, never applied. */
export interface Policy {
  readonly version: number;
  readonly bindings: readonly unknown[];
  readonly etag: Uint8Array;
}

/** The policies of resources, by name. */
export class IamPolicies {
  readonly #policies = new Map<string, Policy>();

  get(resource: string): Policy {
    return this.#policies.get(resource) ?? { version: 0, bindings: [], etag: etagOf("") };
  }

  /** Throws if another policy was written after this one was read. */
  set(resource: string, policy: Policy): Policy {
    const current = this.get(resource);
    if (policy.etag.length > 0 && !Buffer.from(policy.etag).equals(current.etag)) {
      throw new PubsubError(
        "ABORTED",
        "There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff.",
      );
    }
    const stored = { ...policy, etag: etagOf(JSON.stringify(policy.bindings) + String(policy.version)) };
    this.#policies.set(resource, stored);
    return stored;
  }

  forget(resource: string): void {
    this.#policies.delete(resource);
  }

  clear(): void {
    this.#policies.clear();
  }
}

function etagOf(text: string): Uint8Array {
  return createHash("sha256").update(text).digest().subarray(0, 8);
}
