export const INVOKE_HELP = `Usage: anyqueue invoke <function file> --queue <queue> --runtime <platform> [flags]

Takes the messages of a queue and calls a function with them as its platform would: batches, partial
failures, timeouts and retries are the platform's. The function runs in processes of its own, one
line of output is one call. What it writes goes to standard error.

  --queue <queue>       name of a definition, the queue's real name, URL or ARN, or a connection
                        with the name in it: sqs://eu-west-1/orders
  --subscription <name> then --queue names its topic: name of a definition, or the subscription's
                        real name
  --url <url>           the connection, such as sqs://eu-west-1
                        (default: ANYQUEUE_URL, else anyqueue.config.json)
  --runtime <platform>  lambda, azure-functions or cloud-run
  --ordered             the queue keeps order per key (SQS: the FIFO queue of that name)
  --once                end when the queue is empty; code 0 if all was handled, 1 if something failed
  --json                one JSON object per call
  --help                this text

Ctrl+C ends it: what runs may finish, what no function has seen is given back at once.

lambda: an event source mapping. The file is dist/orders.mjs, whose export "handler" is called, or
as Lambda names it dist/orders.handler.
  --batch-size <n>               messages of one event: 1 to 10, with a window up to 10000 (default: 10)
  --window <duration>            how long a batch may gather, 0s to 5m (default: 0s)
  --report-batch-item-failures   as FunctionResponseTypes has it; without it, what the function
                                 answers without an error is deleted
  --max-concurrency <n>          events under way at once, each in a process of its own (default: 5)
  --timeout <duration>           of the function, up to 15m (default: 3s, as Lambda has it)
  --runtime-client <command>     a program that runs the handler in place of ours: aws-lambda-ric

azure-functions: the Functions host for an app of the v4 model. Returning completes, throwing
abandons, for a function of cardinality "many" the whole batch; Service Bus counts deliveries. With
sdkBinding the function settles by itself, through the extension that the app has installed.
  --function <name>              which function, where the app has several of Service Bus
  --batch-size <n>               messages of one call at cardinality "many" (default: 1000)
  --max-concurrency <n>          calls of a single-message function at once (default: 16)
  --timeout <duration>           of the function; after that the app is started anew (default: 5m)

cloud-run: a push subscription. The file listens on process.env.PORT, or exports a node:http handler
or { fetch }, or registers a function of the functions framework. Status 102, 200, 201, 202 and 204
acknowledge; while pushes fail they come more slowly, 100 ms to a minute apart.
The emulator pushes by itself; what is elsewhere is pulled, and posted.
  --target <name>                the function that @google-cloud/functions-framework serves
  --cloud-events                 as Eventarc posts them to the function of a trigger: for cloudEvent()
  --path <path>                  where requests go (default: /)
  --max-concurrency <n>          requests at once (default: 80)
  --timeout <duration>           the ack deadline: no answer by then is a failure (default: 10s)
  --emulator <endpoint>          the control endpoint of the emulator that has the queue, which then
                                 pushes by itself, also the tokens (default: ANYQUEUE_EMULATOR, as
                                 anyqueue up prints it, if the queue is there)
  --token-from <endpoint>        an emulator's control endpoint, which signs a token for each request
  --audience <text>              whom the tokens are for
  --service-account <email>      whom they are from`;
