import { expect, test } from "vitest";
import { PumpBench as Bench, settled } from "../test/pump-bench.ts";
import { SESSION_TURN_MS } from "./service-bus-limits.ts";

const NO_SESSION = Object.assign(new Error("none"), { code: "SessionCannotBeLocked" });

test("asks for as many sessions as there are lanes, up to a bound", async () => {
  const bench = new Bench();
  bench.pump.setLanes(3);
  expect(bench.pending).toHaveLength(3);
  const wide = new Bench();
  wide.pump.setLanes(100);
  expect(wide.pending).toHaveLength(8);
  await Promise.all([bench.pump.close(), wide.pump.close()]);
});

test("a session that cannot begin is closed, and takes no lane", async () => {
  const bench = new Bench();
  bench.pump.setLanes(2);
  const dead = await bench.give("a", true);
  expect(dead.log).toEqual(["start", "close"]);
  expect(bench.failures).toHaveLength(1);
  expect(bench.pump.sessions.size).toBe(0);
  await bench.advance(1_000);
  expect(bench.pending).toHaveLength(2);
  await bench.pump.close();
});

test("lanes that are taken away and given back are asked for when the accepts of before are over", async () => {
  const bench = new Bench();
  bench.pump.setLanes(2);
  bench.pump.setLanes(0);
  bench.pump.setLanes(2);
  await bench.advance(10_000);
  await bench.refuse(NO_SESSION);
  await bench.refuse(NO_SESSION);
  expect(bench.pending).toHaveLength(2);
  bench.pump.rest();
  bench.pump.wake(2);
  await bench.refuse(new Error("aborted"));
  expect(bench.pending).toHaveLength(2);
  expect(bench.failures).toEqual([]);
  await bench.pump.close();
});

test("a session that fails to end leaves its lane to the next one", async () => {
  const bench = new Bench();
  bench.pump.setLanes(1);
  const session = await bench.give("a");
  session.endError = new Error("the connection was cut");
  await bench.advance(10_000);
  expect(session.log).toEqual(["start", "stop", "close"]);
  expect(bench.failures).not.toEqual([]);
  expect(bench.pending).toHaveLength(1);
  await bench.pump.close();
});

test("no session is the usual answer: the next accept goes out at once, nothing is reported", async () => {
  const bench = new Bench();
  bench.pump.setLanes(1);
  await bench.advance(10_000);
  await bench.refuse(NO_SESSION);
  expect(bench.pending).toHaveLength(1);
  expect(bench.failures).toEqual([]);
});

test("an accept that fails at once is not asked again in the same breath", async () => {
  const bench = new Bench();
  bench.pump.setLanes(1);
  await bench.refuse(NO_SESSION);
  expect(bench.pending).toHaveLength(0);
  await bench.advance(1_000);
  expect(bench.pending).toHaveLength(1);
});

test("a failure is reported, and the pump goes on after a pause", async () => {
  const bench = new Bench();
  bench.pump.setLanes(1);
  const failure = Object.assign(new Error("denied"), { code: "UnauthorizedAccess" });
  await bench.refuse(failure);
  expect(bench.failures).toEqual([failure]);
  await bench.advance(1_000);
  expect(bench.pending).toHaveLength(1);
});

test("an idle session is let go soon where others may wait, and the next is accepted", async () => {
  const bench = new Bench();
  bench.pump.setLanes(1);
  const session = await bench.give("a");
  await bench.work(session);
  expect(session.log).toEqual(["start"]);
  await bench.advance(10);
  expect(session.log).toEqual(["start", "stop", "close"]);
  expect(bench.pending).toHaveLength(1);
});

test("with a free lane an idle session stays longer", async () => {
  const bench = new Bench();
  bench.pump.setLanes(2);
  const session = await bench.give("a");
  await bench.work(session);
  await bench.advance(500);
  expect(session.log).toEqual(["start"]);
  await bench.advance(500);
  expect(session.log).toEqual(["start", "stop", "close"]);
});

test("a session is not let go before its message is settled", async () => {
  const bench = new Bench();
  bench.pump.setLanes(1);
  const session = await bench.give("a");
  session.outstanding = 1;
  bench.pump.arrived(session);
  await bench.advance(60_000);
  expect(session.log).toEqual(["start"]);
});

test("a busy session gives way after its turn, so that none starves", async () => {
  const bench = new Bench();
  bench.pump.setLanes(1);
  const session = await bench.give("busy");
  await bench.work(session);
  await bench.advance(5);
  for (let spentMs = 0; spentMs <= SESSION_TURN_MS && session.isTaking; spentMs += 5) {
    await bench.work(session);
    await bench.advance(5);
  }
  session.outstanding = 0;
  bench.pump.idle(session);
  await settled();
  expect(session.log).toEqual(["start", "stop", "close"]);
  await bench.give("patient");
  expect([...bench.pump.sessions].map(({ sessionId }) => sessionId)).toEqual(["patient"]);
});

test("a session that comes back at once is alone, and waits longer for its next message", async () => {
  const bench = new Bench();
  bench.pump.setLanes(1);
  const first = await bench.give("a");
  await bench.work(first);
  await bench.advance(10);
  const again = await bench.give("a");
  await bench.advance(900);
  expect(again.log).toEqual(["start"]);
  await bench.advance(100);
  expect(again.log).toEqual(["start", "stop", "close"]);
});

test("a lost session makes room at once", async () => {
  const bench = new Bench();
  bench.pump.setLanes(1);
  const session = await bench.give("a");
  session.outstanding = 1;
  bench.pump.arrived(session);
  session.lose();
  await settled();
  expect(bench.pump.sessions.size).toBe(0);
  expect(bench.pending).toHaveLength(1);
});

test("sessions that are lost at once, one after another, are locked a second apart", async () => {
  const bench = new Bench();
  bench.pump.setLanes(1);
  const loseNext = async (): Promise<void> => {
    const session = await bench.give("a");
    session.outstanding = 1;
    bench.pump.arrived(session);
    session.lose();
    await settled();
  };
  await loseNext();
  for (let losses = 0; losses < 3; losses += 1) {
    await loseNext();
    // Each time, the service may count a delivery of the first message, until it is dead-lettered unseen.
    expect(bench.pending).toHaveLength(0);
    await bench.advance(1_000);
    expect(bench.pending).toHaveLength(1);
  }
  await bench.work(await bench.give("a"));
  await bench.advance(1_000);
  await loseNext();
  expect(bench.pending).toHaveLength(1);
});

test("a session whose link died without a word is found within a second", async () => {
  const bench = new Bench();
  bench.pump.setLanes(1);
  const session = await bench.give("a");
  session.outstanding = 1;
  bench.pump.arrived(session);
  session.isDead = true;
  await bench.advance(1_000);
  expect(session.log).toContain("lose");
});

test("a session that comes after nobody wants it any more is let go", async () => {
  const bench = new Bench();
  bench.pump.setLanes(1);
  bench.pump.setLanes(0);
  const late = await bench.give("late");
  expect(late.log).toEqual(["close"]);
});

test("at rest a session with something outstanding stays, the others are let go", async () => {
  const bench = new Bench();
  bench.pump.setLanes(2);
  const [held, free] = [await bench.give("held"), await bench.give("free")];
  held.outstanding = 1;
  bench.pump.arrived(held);
  bench.pump.rest();
  await settled();
  expect(free.log).toEqual(["start", "pause", "stop", "close"]);
  expect(held.log).toEqual(["start", "pause"]);
  bench.pump.wake(2);
  expect(held.log).toEqual(["start", "pause", "resume"]);
});

test("closing lets every session go", async () => {
  const bench = new Bench();
  bench.pump.setLanes(2);
  const session = await bench.give("a");
  await bench.pump.close();
  expect(session.log).toEqual(["start", "stop", "close"]);
  expect(bench.pump.sessions.size).toBe(0);
  const late = await bench.give("late");
  expect(late.log).toEqual(["close"]);
});
