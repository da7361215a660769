// What we use of the vendor's packages. The app brings them, not this package.

/** A message as `@azure/service-bus` receives it. */
export interface SdkMessage {
  readonly body: unknown;
  readonly lockToken?: string;
  readonly messageId?: string | number | Uint8Array;
  readonly correlationId?: string | number | Uint8Array;
  readonly contentType?: string;
  readonly subject?: string;
  readonly replyTo?: string;
  readonly sessionId?: string;
  readonly timeToLive?: number;
  readonly deliveryCount?: number;
  readonly sequenceNumber?: unknown;
  readonly enqueuedTimeUtc?: Date;
  readonly lockedUntilUtc?: Date;
  readonly deadLetterSource?: string;
  readonly state?: string;
  readonly applicationProperties?: Readonly<Record<string, unknown>>;
}

export type Properties = Readonly<Record<string, string>> | undefined;

/** A receiver with or without a session. */
export interface SdkReceiver {
  /** Only on session receivers. */
  readonly sessionId?: string;
  receiveMessages(max: number, options: { readonly maxWaitTimeInMs: number }): Promise<readonly SdkMessage[]>;
  peekMessages(max: number, options: { readonly fromSequenceNumber: object }): Promise<readonly SdkMessage[]>;
  completeMessage(message: SdkMessage): Promise<void>;
  abandonMessage(message: SdkMessage, properties?: Properties): Promise<void>;
  deferMessage(message: SdkMessage, properties?: Properties): Promise<void>;
  deadLetterMessage(message: SdkMessage, options: Properties): Promise<void>;
  renewMessageLock(message: SdkMessage): Promise<Date>;
  renewSessionLock?(): Promise<Date>;
  setSessionState?(state: Uint8Array): Promise<void>;
  getSessionState?(): Promise<unknown>;
  close(): Promise<void>;
}

export interface SdkClient {
  createReceiver(...args: readonly unknown[]): SdkReceiver;
  acceptNextSession(...args: readonly unknown[]): Promise<SdkReceiver>;
  close(): Promise<void>;
}

export interface ServiceBusSdk {
  readonly ServiceBusClient: new (...args: readonly unknown[]) => SdkClient;
}

/** One call of a gRPC service. */
export type GrpcMethod = (
  call: { readonly request: SettlementRequest },
  callback: (error: object | null, value?: object) => void,
) => void;

/** The fields of requests to the settlement service; each method fills its own. */
export interface SettlementRequest {
  readonly locktoken: string;
  readonly sessionId: string;
  readonly sessionState: Uint8Array;
  readonly propertiesToModify: Uint8Array;
  readonly deadletterReason?: { readonly value: string } | null;
  readonly deadletterErrorDescription?: { readonly value: string } | null;
}

export interface GrpcServer {
  addService(service: object, methods: Readonly<Record<string, GrpcMethod>>): void;
  bindAsync(
    address: string,
    credentials: object,
    callback: (error: Error | null, port: number) => void,
  ): void;
  forceShutdown(): void;
}

export interface Grpc {
  readonly Server: new () => GrpcServer;
  readonly ServerCredentials: { createInsecure(): object };
  loadPackageDefinition(definition: object): { readonly Settlement: { readonly service: object } };
}

export interface ProtoLoader {
  loadSync(path: string): object;
}

export interface Rhea {
  readonly message: {
    encode(message: object): Uint8Array;
    data_section(bytes: Uint8Array): object;
  };
  readonly types: {
    readonly Reader: new (bytes: Uint8Array) => { read(): unknown };
    unwrap_map_simple(map: unknown): Readonly<Record<string, string>>;
    wrap_long(value: number): object;
    wrap_timestamp(value: number): object;
  };
}

export interface AppPackages {
  readonly sdk: ServiceBusSdk;
  readonly grpc: Grpc;
  readonly protoLoader: ProtoLoader;
  readonly rhea: Rhea;
  readonly settlementProto: string;
}
