import type { protos, v1 } from "@google-cloud/pubsub";

type Response = protos.google.pubsub.v1.IStreamingPullResponse;
type Request = protos.google.pubsub.v1.IStreamingPullRequest;

/** A StreamingPull of the generated client with everything that it received. */
export interface OpenStream {
  readonly responses: readonly Response[];
  readonly messages: readonly protos.google.pubsub.v1.IReceivedMessage[];
  readonly error: { readonly code?: number; readonly details?: string } | undefined;
  /** True once the server has ended the stream with OK. */
  readonly hasEnded: boolean;
  write(request: Request): void;
  pause(): void;
  resume(): void;
  cancel(): void;
}

export function openStream(
  subscriber: v1.SubscriberClient,
  subscription: string,
  first: Request = {},
): OpenStream {
  const stream = subscriber.streamingPull();
  const responses: Response[] = [];
  let error: OpenStream["error"];
  let hasEnded = false;
  stream.on("data", (response: Response) => responses.push(response));
  stream.on("error", (failure: { readonly code?: number }) => {
    error = failure;
  });
  stream.on("end", () => {
    hasEnded = true;
  });
  stream.write({ subscription, streamAckDeadlineSeconds: 10, clientId: "client-1", ...first });
  return {
    responses,
    get messages() {
      return responses.flatMap(({ receivedMessages }) => receivedMessages ?? []);
    },
    get error() {
      return error;
    },
    get hasEnded() {
      return hasEnded;
    },
    write: (request) => void stream.write(request),
    pause: () => void stream.pause(),
    resume: () => void stream.resume(),
    cancel: () => {
      stream.cancel();
    },
  };
}
