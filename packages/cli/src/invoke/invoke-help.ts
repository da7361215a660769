export const INVOKE_HELP = `Usage: anyqueue invoke <function file> --queue <queue> --runtime <platform> [flags]

Takes the messages of a queue and calls a function with them as its platform would: with the batches,
partial failures, timeouts and retries of the platform. The function runs in processes of its own. Each
line of output is one call. What the function writes goes to standard error.

  --queue <queue>       name of a definition, the queue's real name, URL or ARN, or a connection
                        with the name in it: sqs://eu-west-1/orders
  --subscription <name> a topic's subscription, by its definition or its real name; --queue then
                        names the topic
  --url <url>           the connection, such as sqs://eu-west-1
                        (default: ANYQUEUE_URL, else anyqueue.config.json)
  --runtime <platform>  lambda, azure-functions or cloud-run
  --ordered             the queue keeps order per key (SQS: the FIFO queue of that name)
  --once                end when the queue is empty; code 0 if all was handled, 1 if something failed
  --json                one JSON object per call
  --help                this text

Ctrl+C ends it: running calls finish, and messages that no function has seen are given back at once.

lambda: an event source mapping. The file is dist/orders.mjs, whose export "handler" is called, or
dist/orders.handler, as Lambda names it.
  --batch-size <n>               messages in one event: 1 to 10, or up to 10000 with a window (default: 10)
  --window <duration>            how long a batch may gather, 0s to 5m (default: 0s)
  --report-batch-item-failures   as in FunctionResponseTypes; without it, every answer except an
                                 error deletes the batch
  --max-concurrency <n>          events under way at once, each in a process of its own (default: 5)
  --timeout <duration>           the function's timeout, up to 15m (default: 3s, as in Lambda)
  --runtime-client <command>     a program that runs the handler in place of ours: aws-lambda-ric

azure-functions: the Functions host for an app of the v4 model. Returning completes the message, and
throwing abandons it, or the whole batch at cardinality "many"; Service Bus counts deliveries. With
sdkBinding the function itself settles, through the extension that the app has installed.
  --function <name>              the function to call, if the app has several of Service Bus
  --batch-size <n>               messages in one call at cardinality "many" (default: 1000)
  --max-concurrency <n>          calls of a single-message function at once (default: 16)
  --timeout <duration>           the function's timeout; then the app starts again (default: 5m)

cloud-run: a push subscription. The file listens on process.env.PORT, or exports a node:http handler,
{ fetch } or POST, which takes a Request, or registers a function of the functions framework, which
--target names. Status 102, 200, 201, 202 and 204 ack; while pushes fail they come more slowly,
100 ms to a minute apart.
The emulator pushes by itself; messages of other queues are pulled and posted.
  --target <name>                the function that @google-cloud/functions-framework serves
  --cloud-events                 post as Eventarc does to the function of a trigger: for cloudEvent()
  --path <path>                  where requests go (default: /)
  --max-concurrency <n>          requests at once (default: 80)
  --timeout <duration>           the ack deadline: no answer by then is a failure (default: 10s)
  --emulator <endpoint>          the control endpoint of the emulator that has the queue; it then
                                 pushes by itself, with its tokens (default: ANYQUEUE_EMULATOR, as
                                 anyqueue up prints it, if that emulator has the queue)
  --token-from <endpoint>        an emulator's control endpoint, which signs a token for each request
  --audience <text>              the audience of the tokens
  --service-account <email>      the account that the tokens are from`;
