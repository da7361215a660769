import { connect } from "node:net";
import { text } from "node:stream/consumers";

/** Returns what a server of the application's own says to those who connect. */
export async function saidBy(port: number): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  const closed = new Promise((resolve) => socket.once("close", resolve));
  const said = await text(socket).catch((error: unknown) => String(error));
  await closed;
  return said;
}
