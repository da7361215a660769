/** What all generated clients of the SDK have in common. */
export interface GeneratedClient {
  initialize(): Promise<unknown>;
  close(): Promise<void>;
  /** For permissions on topics and subscriptions; never used here. */
  readonly iamClient?: object;
}

/**
 * Closes a generated client, but not its IAM client. Releases 5.3.1 and 6.3.0 start the IAM client only to
 * close it, and if there are no credentials any more, its unhandled failure ends the process. An IAM client
 * that was never started has nothing to close.
 */
export async function closeGenerated(client: GeneratedClient): Promise<void> {
  if (client.iamClient !== undefined) Reflect.set(client.iamClient, "close", async () => {});
  await client.close();
}
