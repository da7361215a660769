import { generateKeyPairSync } from "node:crypto";
import { PubSub, v1 } from "@google-cloud/pubsub";
import { credentials } from "@grpc/grpc-js";

/** Google's own client, as an application makes it without the adapter. */
export function rawClient(endpoint: string): PubSub {
  return new PubSub({
    projectId: "p",
    apiEndpoint: endpoint,
    emulatorMode: true,
    // Without this the SDK looks up the universe of credentials that do not exist.
    clientOptions: { universeDomain: "googleapis.com" },
  });
}

export async function rawSubscriber(endpoint: string): Promise<v1.SubscriberClient> {
  return new v1.SubscriberClient({ ...(await rawClient(endpoint).getClientConfig()) });
}

export async function rawPublisher(endpoint: string): Promise<v1.PublisherClient> {
  return new v1.PublisherClient({ ...(await rawClient(endpoint).getClientConfig()) });
}

/** Credentials of a service account that signs its own tokens: no server is asked. */
export function selfSigned(): { readonly client_email: string; readonly private_key: string } {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
  return {
    client_email: "nobody@p.iam.gserviceaccount.com",
    private_key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

/** Google's own client on a server that is no emulator to it; only its credentials are left out. */
export function rawServiceClient(endpoint: string): PubSub {
  return new PubSub({
    projectId: "shop",
    apiEndpoint: endpoint,
    emulatorMode: false,
    sslCreds: credentials.createInsecure(),
    clientOptions: { universeDomain: "googleapis.com" },
  });
}
