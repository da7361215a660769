// Services behind a push subscription as an application exports them; the message's body says what to do.

async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString());
}

const textOf = ({ message }) => Buffer.from(message.data ?? "", "base64").toString();
const failed = new Set();

export async function handler(request, response) {
  const pushed = await bodyOf(request);
  const text = textOf(pushed);
  console.log(
    `pushed ${text} to ${request.url} from ${pushed.subscription} ${JSON.stringify(pushed.message.attributes)}`,
  );
  if (text.includes("once") && !failed.has(text)) {
    failed.add(text);
    response.writeHead(503).end();
  } else if (text.includes("never")) response.writeHead(500).end();
  else if (text.includes("hangs")) return;
  else if (text.includes("exits")) process.exit(4);
  else response.writeHead(204).end();
}

export const fetching = {
  async fetch(request) {
    const pushed = await request.json();
    console.log(`fetched ${textOf(pushed)} ${request.headers.get("authorization") ?? "without a token"}`);
    return new Response(null, { status: 204 });
  },
};

export function throwing() {
  throw new Error("down");
}
