import { OAuth2Client } from "google-auth-library";
import { afterEach, expect, test } from "vitest";
import { spawnEmulator, type SpawnedEmulator } from "../../../src/spawn-emulator.ts";

const emulators: SpawnedEmulator[] = [];

afterEach(async () => {
  await Promise.all(emulators.splice(0).map((emulator) => emulator.close()));
});

async function emulator(options: Parameters<typeof spawnEmulator>[0]): Promise<SpawnedEmulator> {
  const spawned = await spawnEmulator(options);
  emulators.push(spawned);
  return spawned;
}

test("a token that was asked for over HTTP is verified by Google's library", async () => {
  const { control, endpoints } = await emulator({ pubsubPort: 0 });
  const idToken = await control.signToken({ email: "push@example.com", audience: "orders" });
  const answer = await fetch(`${endpoints.control}/__anyqueue/pubsub/certs`);
  const certificates = (await answer.json()) as Record<string, string>;
  const ticket = await new OAuth2Client().verifySignedJwtWithCertsAsync(idToken, certificates, "orders", [
    "https://accounts.google.com",
  ]);
  expect(ticket.getPayload()).toMatchObject({ email: "push@example.com", email_verified: true });
});

test("a token request without an account, or without the front, is refused", async () => {
  const { control } = await emulator({ pubsubPort: 0 });
  // @ts-expect-error that is the point
  await expect(control.signToken({ email: "a" })).rejects.toThrow('The body must be { "email"');
  const other = await emulator({ sqsPort: 0 });
  await expect(other.control.signToken({ email: "a", audience: "b" })).rejects.toThrow(
    "The Pub/Sub front is off.",
  );
});
