import type { CloudEvent } from "@google-cloud/functions-framework";

/** As published by @google/events 5.4.0; that package has sources that do not compile under our settings. */
export interface MessagePublishedData {
  message?: {
    attributes?: { [key: string]: string };
    data?: string;
    messageId?: string;
    orderingKey?: string;
    publishTime?: Date | string;
  };
  subscription?: string;
}

/** As in https://cloud.google.com/pubsub/docs/push#receive_push (2026-11-29), from a foreign publisher. */
export const WRAPPED = {
  deliveryAttempt: 5,
  message: {
    attributes: { key: "value" },
    data: "SGVsbG8gQ2xvdWQgUHViL1N1YiEgSGVyZSBpcyBteSBtZXNzYWdlIQ==",
    messageId: "2070443601311540",
    message_id: "2070443601311540",
    publishTime: "2021-02-26T19:13:55.749Z",
    publish_time: "2021-02-26T19:13:55.749Z",
    orderingKey: "key-7",
  },
  subscription: "projects/myproject/subscriptions/mysubscription",
};

/** As in https://cloud.google.com/pubsub/docs/payload-unwrapping (2026-11-29), behind Google's front end. */
export const UNWRAPPED_HEADERS: Readonly<Record<string, string>> = {
  "x-goog-pubsub-subscription-name": "projects/myproject/subscriptions/mysubscription",
  "x-goog-pubsub-message-id": "2070443601311540",
  "x-goog-pubsub-publish-time": "2021-02-26T19:13:55.749Z",
  "x-goog-pubsub-ordering-key": "key-7",
  "x-goog-pubsub-delivery-attempt": "5",
  key: "value",
  "user-agent": "CloudPubSub-Google",
  accept: "application/json",
  from: "noreply@google.com",
  forwarded: 'for="66.102.6.1";proto=https',
  "x-forwarded-for": "66.102.6.1",
  "x-forwarded-proto": "https",
  "x-cloud-trace-context": "105445aa7843bc8bf206b120001000/1;o=1",
};

/** The event of a function with a Pub/Sub trigger, with the types of Google's own packages. */
export const CLOUD_EVENT: CloudEvent<MessagePublishedData> = {
  specversion: "1.0",
  id: "2070443601311540",
  source: "//pubsub.googleapis.com/projects/myproject/topics/mytopic",
  type: "google.cloud.pubsub.topic.v1.messagePublished",
  datacontenttype: "application/json",
  time: "2021-02-26T19:13:55.749Z",
  data: {
    message: {
      attributes: { key: "value" },
      data: "SGVsbG8gQ2xvdWQgUHViL1N1YiEgSGVyZSBpcyBteSBtZXNzYWdlIQ==",
      messageId: "2070443601311540",
      publishTime: "2021-02-26T19:13:55.749Z",
      orderingKey: "key-7",
    },
    subscription: "projects/myproject/subscriptions/eventarc-mysubscription",
  },
};
