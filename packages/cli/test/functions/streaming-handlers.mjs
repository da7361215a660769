// A file that also has a page of the function's URL, as Lambda's Node runtime lets it be declared.

export const page = awslambda.streamifyResponse(async (_event, stream) => {
  awslambda.HttpResponseStream.from(stream, { statusCode: 200 }).end("<h1>orders</h1>");
});

export async function handler(event) {
  for (const { body } of event.Records) console.log(`handled ${body}`);
}
