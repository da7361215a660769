import { QueueError, type ErrorCode, type SendResult } from "@anyqueue/core";
import { describe, expect, test } from "vitest";
import { RecordingTerminal } from "../../test/recording-terminal.ts";
import { bodyFormat } from "./body-format.ts";
import { sendLines, type EarlyEnd, type LineSending } from "./send-lines.ts";
import { SendReport } from "./send-report.ts";
import type { Line } from "./split-lines.ts";

interface Run {
  readonly terminal: RecordingTerminal;
  readonly ended: Promise<EarlyEnd | undefined>;
}

const sent = (id: string): SendResult => ({ ok: true, value: { id, providerId: `p-${id}` } });
const failed = (code: ErrorCode): SendResult => ({ ok: false, error: new QueueError(code, { what: "no" }) });

function numbered(count: number, text = (number: number) => String(number)): Line[] {
  return Array.from({ length: count }, (_, index) => ({
    number: index + 1,
    bytes: Buffer.from(text(index + 1)),
  }));
}

async function* stream(lines: readonly Line[]): AsyncGenerator<Line, void, undefined> {
  yield* lines;
}

function run(
  lines: readonly Line[] | AsyncIterable<Line>,
  send: (id: string) => SendResult | Promise<SendResult>,
  options: Partial<LineSending> & { readonly terminal?: RecordingTerminal } = {},
): Run {
  const terminal = options.terminal ?? new RecordingTerminal();
  const ended = sendLines({
    lines: Symbol.asyncIterator in lines ? lines : stream(lines),
    format: bodyFormat(undefined, undefined),
    report: new SendReport(terminal, false),
    isOrdered: false,
    maxLineBytes: 1_000,
    stopped: new AbortController().signal,
    onGivenUp: () => {},
    send: async (body) => await send(Buffer.from(body).toString()),
    ...options,
  });
  return { terminal, ended };
}

describe("lines", () => {
  test("are reported in their order, whatever order they are confirmed in", async () => {
    const first = Promise.withResolvers<SendResult>();
    const { terminal, ended } = run(numbered(3), (id) => (id === "1" ? first.promise : sent(id)));
    first.resolve(sent("1"));
    expect(await ended).toBeUndefined();
    expect(terminal.printed).toEqual(["1", "2", "3"]);
  });

  test("are reported while the input is still open", async () => {
    const more = Promise.withResolvers<void>();
    async function* typed(): AsyncGenerator<Line, void, undefined> {
      yield* numbered(1);
      await more.promise;
    }
    const { terminal, ended } = run(typed(), sent);
    await terminal.untilLines(1);
    more.resolve();
    await ended;
    expect(terminal.printed).toEqual(["1"]);
  });

  test("are read no faster than they are confirmed", async () => {
    let read = 0;
    let onWay = 0;
    let most = 0;
    async function* endless(): AsyncGenerator<Line, void, undefined> {
      for (const line of numbered(5_000)) {
        read += 1;
        yield line;
      }
    }
    const { terminal, ended } = run(endless(), async (id) => {
      onWay += 1;
      most = Math.max(most, read - terminal.printed.length);
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      onWay -= 1;
      return sent(id);
    });
    await ended;
    expect(terminal.printed).toHaveLength(5_000);
    expect(onWay).toBe(0);
    expect(most).toBeLessThanOrEqual(1_001);
  });

  test("that are large count by their bytes", async () => {
    const large = (number: number) => "x".repeat(10 * 1024 * 1024) + number;
    let most = 0;
    let onWay = 0;
    const send = async (): Promise<SendResult> => {
      onWay += 1;
      most = Math.max(most, onWay);
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      onWay -= 1;
      return sent("x");
    };
    // The contents are not checked, which would take seconds.
    const { ended } = run(numbered(8, large), send, { format: bodyFormat("binary", undefined) });
    await ended;
    expect(most).toBe(4);
  });

  test("that are blank are no message in JSON, and an empty message in text", async () => {
    const blank = [
      ...numbered(1),
      { number: 2, bytes: Buffer.from(" \r") },
      { number: 3, bytes: Buffer.from("3\r") },
    ];
    const json = run(blank, sent);
    const text = run(blank, (body) => sent(JSON.stringify(body)), { format: bodyFormat("text", undefined) });
    await Promise.all([json.ended, text.ended]);
    expect(json.terminal.printed).toEqual(["1", "3"]);
    expect(text.terminal.printed).toEqual(['"1"', '" "', '"3"']);
  });

  test("that cannot be sent are reported by their number, and the others are sent", async () => {
    const lines = [...numbered(2, (number) => (number === 1 ? "{" : "2")), { number: 3, bytes: undefined }];
    const { terminal, ended } = run(lines, sent);
    expect(await ended).toBeUndefined();
    expect(terminal.printed).toEqual(["2"]);
    expect(terminal.warned).toEqual([
      expect.stringMatching(/^line 1: INVALID_MESSAGE: the body: it is not JSON: column 2/),
      expect.stringMatching(/^line 3: MESSAGE_TOO_LARGE: the line is longer than 1000 bytes/),
    ]);
  });
});

describe("the reading ends early", () => {
  test.each(["NOT_FOUND", "ACCESS_DENIED", "UNAUTHENTICATED", "UNSUPPORTED"] as const)(
    "at a failure of every message: %s",
    async (code) => {
      const { ended, terminal } = run(numbered(5_000), () => failed(code));
      const early = await ended;
      expect(early?.why).toBe(`${code} would befall every message`);
      expect(early?.afterLine).toBeLessThanOrEqual(1_000);
      expect(terminal.warned).toHaveLength(early?.afterLine ?? 0);
    },
  );

  test("after a hundred failures in a row, and not after a hundred in all", async () => {
    const scattered = run(numbered(3_000), (id) => (Number(id) % 2 === 0 ? failed("TIMEOUT") : sent(id)));
    const inARow = run(numbered(3_000), () => failed("TIMEOUT"));
    expect(await scattered.ended).toBeUndefined();
    expect(await inARow.ended).toMatchObject({ why: "100 messages failed one after the other" });
  });

  test("at the first failure of an ordering key, but not at a bad body", async () => {
    const lines = numbered(3_000, (number) => (number === 1 ? "{" : String(number)));
    const { ended } = run(lines, (id) => (id === "2" ? failed("TIMEOUT") : sent(id)), { isOrdered: true });
    expect(await ended).toMatchObject({ why: "later messages of the key must not overtake one that failed" });
    expect(await run(lines, sent, { isOrdered: true }).ended).toBeUndefined();
  });

  test("at once, though the input waits for more", async () => {
    const givenUp = Promise.withResolvers<never>();
    async function* waiting(): AsyncGenerator<Line, void, undefined> {
      yield* numbered(1);
      await givenUp.promise;
    }
    const { ended } = run(waiting(), () => failed("NOT_FOUND"), {
      onGivenUp: () => givenUp.reject(new Error("aborted")),
    });
    expect(await ended).toMatchObject({ afterLine: 1 });
  });

  test("when it is interrupted, with the number of the last line that was sent", async () => {
    const stopped = new AbortController();
    const { terminal, ended } = run(
      numbered(10),
      (id) => {
        if (id === "4") stopped.abort();
        return sent(id);
      },
      { stopped: stopped.signal },
    );
    expect(await ended).toEqual({ afterLine: 4, why: "it was interrupted" });
    expect(terminal.printed).toEqual(["1", "2", "3", "4"]);
  });

  test("when the input breaks off, after what was read is sent", async () => {
    async function* breaking(): AsyncGenerator<Line, void, undefined> {
      yield* numbered(2);
      throw new Error("EISDIR");
    }
    const { terminal, ended } = run(breaking(), sent);
    await expect(ended).rejects.toThrow("The input cannot be read after line 2: EISDIR");
    expect(terminal.printed).toEqual(["1", "2"]);
  });

  test("when the results cannot be written", async () => {
    class FullDisk extends RecordingTerminal {
      override async write(): Promise<boolean> {
        throw new Error("ENOSPC");
      }
    }
    const terminal = new FullDisk();
    const { ended } = run(numbered(3_000), sent, { report: new SendReport(terminal, false) });
    await expect(ended).rejects.toThrow("ENOSPC");
  });
});

test("a reader of the results that has gone does not stop the sending", async () => {
  const bodies: string[] = [];
  const terminal = new RecordingTerminal({ readsLines: 2 });
  const { ended } = run(
    numbered(5),
    (id) => {
      bodies.push(id);
      return sent(id);
    },
    { report: new SendReport(terminal, false) },
  );
  expect(await ended).toBeUndefined();
  expect(bodies).toEqual(["1", "2", "3", "4", "5"]);
  expect(terminal.printed).toEqual(["1", "2"]);
});
