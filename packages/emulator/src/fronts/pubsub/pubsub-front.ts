import { reachableAuthority, type Front, type FrontContext } from "../front.ts";
import { IamPolicies } from "./engine/iam-policies.ts";
import { PubsubEngine } from "./engine/pubsub-engine.ts";
import { OidcTokens, type PushSigningKeys, type PushTokenClaims } from "./push/oidc-tokens.ts";
import { PushConnections } from "./push/post-to-endpoint.ts";
import { PushDispatcher } from "./push/push-dispatcher.ts";
import { setPush, type PushTarget } from "./push/set-push.ts";
import {
  snapshotSubscription,
  snapshotTopic,
  type SubscriptionSnapshot,
  type TopicSnapshot,
} from "./subscription-snapshot.ts";

/** The running Pub/Sub server. */
export interface PubsubFront extends Front {
  /** `127.0.0.1:8085` */
  readonly endpoint: string;
  topics(): readonly TopicSnapshot[];
  subscriptions(): readonly SubscriptionSnapshot[];
  setPush(subscription: string, push: PushTarget | undefined): void;
  /** Public key for the tokens in push requests. */
  signingKeys(): Promise<PushSigningKeys>;
  /** Signs a token like those in push requests. */
  signToken(claims: PushTokenClaims): Promise<string>;
}

/** Project of clients that were not given another one. */
const DEFAULT_PROJECT = "anyqueue";

/** Listens on `port`; 0 picks a free one. */
export async function startPubsubFront(context: FrontContext, port: number): Promise<PubsubFront> {
  // Loaded on demand: grpc is half of the emulator's weight, and most starts do not use it.
  const { startGrpcServer } = await import("./grpc/start-grpc-server.ts");
  const { host, clock, wireTime } = context;
  const policies = new IamPolicies();
  const tokens = new OidcTokens();
  const pushes = new PushDispatcher({ ...context, tokens, connections: new PushConnections() });
  const engine: PubsubEngine = new PubsubEngine({
    clock,
    defer: setImmediate,
    formatTime: (engineMs) => new Date(wireTime.toWireMs(engineMs)).toISOString(),
    onSubscriptionChanged: (subscription) =>
      pushes.update(subscription, engine.subscriptions.isAlive(subscription)),
  });
  const server = await startGrpcServer(host, port, { ...context, engine, policies });
  const endpoint = reachableAuthority(host, server.port);
  const reset = (): void => {
    engine.reset();
    policies.clear();
  };
  return {
    endpoint,
    environment: {
      PUBSUB_EMULATOR_HOST: endpoint,
      PUBSUB_PROJECT_ID: DEFAULT_PROJECT,
      // Without it, the client looks for a metadata server and warns that there is none.
      METADATA_SERVER_DETECTION: "none",
    },
    topics: () =>
      engine.topics.all().map((topic) => snapshotTopic(topic, engine.subscriptions.of(topic.name))),
    subscriptions: () => engine.subscriptions.all().map(snapshotSubscription),
    setPush: (subscription, push) => {
      setPush(engine, subscription, push);
    },
    signingKeys: () => tokens.keys(),
    signToken: async (claims) =>
      await tokens.sign({ ...claims, issuedAt: Math.floor(context.clock.realNow() / 1_000) }),
    reset,
    async close() {
      reset();
      pushes.stop();
      await server.close();
    },
  };
}
