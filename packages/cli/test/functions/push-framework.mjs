// A function of the vendor's framework, which serves it.

import { http } from "@google-cloud/functions-framework";

http("orders", (request, response) => {
  console.log(`framework ${request.body.message.messageId}`);
  response.status(204).send();
});
