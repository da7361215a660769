// Drives the emulator through azure-messaging-servicebus and prints what it saw as JSON. The test beside it checks the output.
// Argument: "data", "processors" or "admin".

import com.azure.core.amqp.AmqpRetryOptions;
import com.azure.core.amqp.exception.AmqpException;
import com.azure.core.exception.HttpResponseException;
import com.azure.core.exception.ResourceExistsException;
import com.azure.core.exception.ResourceNotFoundException;
import com.azure.core.http.HttpPipelineCallContext;
import com.azure.core.http.HttpPipelineNextPolicy;
import com.azure.core.http.HttpResponse;
import com.azure.core.http.policy.FixedDelayOptions;
import com.azure.core.http.policy.RetryOptions;
import com.azure.core.util.BinaryData;
import com.azure.messaging.servicebus.ServiceBusClientBuilder;
import com.azure.messaging.servicebus.ServiceBusException;
import com.azure.messaging.servicebus.ServiceBusMessage;
import com.azure.messaging.servicebus.ServiceBusMessageBatch;
import com.azure.messaging.servicebus.ServiceBusProcessorClient;
import com.azure.messaging.servicebus.ServiceBusReceivedMessage;
import com.azure.messaging.servicebus.ServiceBusReceiverClient;
import com.azure.messaging.servicebus.ServiceBusRuleManagerClient;
import com.azure.messaging.servicebus.ServiceBusSenderClient;
import com.azure.messaging.servicebus.ServiceBusSessionReceiverClient;
import com.azure.messaging.servicebus.administration.ServiceBusAdministrationClient;
import com.azure.messaging.servicebus.administration.ServiceBusAdministrationClientBuilder;
import com.azure.messaging.servicebus.administration.models.CorrelationRuleFilter;
import com.azure.messaging.servicebus.administration.models.CreateQueueOptions;
import com.azure.messaging.servicebus.administration.models.CreateRuleOptions;
import com.azure.messaging.servicebus.administration.models.CreateSubscriptionOptions;
import com.azure.messaging.servicebus.administration.models.QueueProperties;
import com.azure.messaging.servicebus.administration.models.QueueRuntimeProperties;
import com.azure.messaging.servicebus.administration.models.RuleProperties;
import com.azure.messaging.servicebus.administration.models.SqlRuleAction;
import com.azure.messaging.servicebus.administration.models.SqlRuleFilter;
import com.azure.messaging.servicebus.models.DeadLetterOptions;
import com.azure.messaging.servicebus.models.ServiceBusReceiveMode;
import com.azure.messaging.servicebus.models.SubQueue;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import reactor.core.publisher.Mono;

public final class ServiceBus {
  private static final Duration WAIT = Duration.ofSeconds(10);
  private static final Map<String, Object> seen = new TreeMap<>();

  public static void main(String[] arguments) throws Exception {
    trust(System.getenv("CA_FILE"));
    switch (arguments[0]) {
      case "data" -> data();
      case "processors" -> processors();
      default -> administration();
    }
    System.out.println(new ObjectMapper().writeValueAsString(seen));
    // Threads of the client's pools outlive the client.
    System.exit(0);
  }

  /** Both of the client's transports read the trusted authorities from here. */
  private static void trust(String file) throws Exception {
    if (file == null) return;
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    try (InputStream certificate = new FileInputStream(file)) {
      store.setCertificateEntry("anyqueue", CertificateFactory.getInstance("X.509").generateCertificate(certificate));
    }
    Path folder = Files.createTempDirectory("anyqueue-trust-");
    Path path = folder.resolve("trust.p12");
    try (OutputStream out = new FileOutputStream(path.toFile())) {
      store.store(out, "anyqueue".toCharArray());
    }
    folder.toFile().deleteOnExit();
    path.toFile().deleteOnExit();
    System.setProperty("javax.net.ssl.trustStore", path.toString());
    System.setProperty("javax.net.ssl.trustStorePassword", "anyqueue");
    System.setProperty("javax.net.ssl.trustStoreType", "PKCS12");
  }

  private static ServiceBusClientBuilder client() {
    ServiceBusClientBuilder builder = new ServiceBusClientBuilder()
        .connectionString(System.getenv("CONNECTION_STRING"))
        .retryOptions(new AmqpRetryOptions().setMaxRetries(0).setTryTimeout(Duration.ofSeconds(20)));
    String endpoint = System.getenv("ENDPOINT");
    // Over TLS, this client ignores the port in the connection string.
    return endpoint == null ? builder : builder.customEndpointAddress(endpoint);
  }

  private static void data() {
    ServiceBusClientBuilder client = client();
    queue(client);
    sessions(client);
    topic(client);
    seen.put("errors", List.of(
        reasonOf(() -> {
          try (ServiceBusSenderClient sender = client.sender().queueName("missing").buildClient()) {
            sender.sendMessage(new ServiceBusMessage("x"));
          }
        }),
        reasonOf(() -> {
          try (ServiceBusReceiverClient receiver = client.receiver().queueName("orders").buildClient()) {
            receiver.receiveDeferredMessage(4_711);
          }
        }),
        reasonOf(() -> {
          // Two connections, because within one this client would reuse its link to the session.
          try (ServiceBusSessionReceiverClient one = client().sessionReceiver().queueName("sessions").buildClient();
              ServiceBusSessionReceiverClient other = client().sessionReceiver().queueName("sessions").buildClient();
              ServiceBusReceiverClient first = one.acceptSession("held")) {
            other.acceptSession("held").close();
          }
        })));
  }

  private static void queue(ServiceBusClientBuilder client) {
    try (ServiceBusSenderClient sender = client.sender().queueName("orders").buildClient();
        ServiceBusReceiverClient receiver = client.receiver().queueName("orders").disableAutoComplete().buildClient()) {
      ServiceBusMessage one = new ServiceBusMessage("one").setMessageId("1");
      one.getApplicationProperties().putAll(Map.of("n", 1L, "s", "x", "b", true));
      sender.sendMessage(one);
      ServiceBusMessageBatch batch = sender.createMessageBatch();
      for (int i = 2; i <= 6; i++) batch.tryAddMessage(new ServiceBusMessage("body " + i).setMessageId("" + i));
      sender.sendMessages(batch);
      seen.put("peeked", ids(receiver.peekMessages(10)));
      List<ServiceBusReceivedMessage> messages = receive(receiver, 6);
      seen.put("received", bodies(messages));
      seen.put("properties", messages.get(0).getApplicationProperties());
      OffsetDateTime before = messages.get(0).getLockedUntil();
      seen.put("renewed", !receiver.renewMessageLock(messages.get(0)).isBefore(before));
      receiver.complete(messages.get(0));
      receiver.abandon(messages.get(1));
      receiver.deadLetter(messages.get(2), new DeadLetterOptions()
          .setDeadLetterReason("broken").setDeadLetterErrorDescription("It does not parse."));
      receiver.defer(messages.get(3));
      receiver.complete(messages.get(4));
      receiver.complete(messages.get(5));
      ServiceBusReceivedMessage again = receive(receiver, 1).get(0);
      seen.put("again", List.of(again.getMessageId(), again.getDeliveryCount()));
      receiver.complete(again);
      ServiceBusReceivedMessage deferred = receiver.receiveDeferredMessage(messages.get(3).getSequenceNumber());
      seen.put("deferred", deferred.getMessageId());
      receiver.complete(deferred);
      deadLetter(client);
      OffsetDateTime later = OffsetDateTime.now().plusHours(1);
      List<Long> numbers = new ArrayList<>();
      sender.scheduleMessages(List.of(new ServiceBusMessage("late"), new ServiceBusMessage("later")), later)
          .forEach(numbers::add);
      List<String> states = new ArrayList<>();
      receiver.peekMessages(10, 0).forEach(message -> states.add(message.getState().toString()));
      seen.put("scheduled", states);
      sender.cancelScheduledMessages(numbers);
      seen.put("left", ids(receiver.peekMessages(10, 0)).size());
    }
    large(client);
  }

  private static void deadLetter(ServiceBusClientBuilder client) {
    try (ServiceBusReceiverClient dead = client.receiver().queueName("orders").subQueue(SubQueue.DEAD_LETTER_QUEUE)
        .disableAutoComplete().buildClient()) {
      ServiceBusReceivedMessage letter = receive(dead, 1).get(0);
      seen.put("dead", List.of(
          letter.getMessageId(), letter.getDeadLetterReason(), letter.getDeadLetterErrorDescription()));
      dead.complete(letter);
    }
  }

  private static void large(ServiceBusClientBuilder client) {
    try (ServiceBusSenderClient sender = client.sender().queueName("orders").buildClient();
        ServiceBusReceiverClient receiver = client.receiver().queueName("orders")
            .receiveMode(ServiceBusReceiveMode.RECEIVE_AND_DELETE).buildClient()) {
      sender.sendMessage(new ServiceBusMessage(BinaryData.fromBytes(new byte[200_000])));
      seen.put("big", receive(receiver, 1).get(0).getBody().toBytes().length);
    }
  }

  private static void sessions(ServiceBusClientBuilder client) {
    try (ServiceBusSenderClient sender = client.sender().queueName("sessions").buildClient();
        ServiceBusSessionReceiverClient accepting =
            client.sessionReceiver().queueName("sessions").disableAutoComplete().buildClient()) {
      for (String session : List.of("a", "b", "a")) {
        sender.sendMessage(new ServiceBusMessage("of " + session).setSessionId(session));
      }
      try (ServiceBusReceiverClient a = accepting.acceptSession("a")) {
        a.setSessionState("halfway".getBytes());
        seen.put("state", new String(a.getSessionState()));
        seen.put("lock", a.renewSessionLock().isAfter(OffsetDateTime.now()));
        List<ServiceBusReceivedMessage> messages = receive(a, 2);
        seen.put("session", bodies(messages));
        messages.forEach(a::complete);
        try (ServiceBusReceiverClient next = accepting.acceptNextSession()) {
          ServiceBusReceivedMessage message = receive(next, 1).get(0);
          seen.put("next", message.getSessionId());
          next.complete(message);
        }
      }
    }
  }

  private static void topic(ServiceBusClientBuilder client) {
    try (ServiceBusSenderClient sender = client.sender().topicName("events").buildClient();
        ServiceBusRuleManagerClient rules =
            client.ruleManager().topicName("events").subscriptionName("high").buildClient();
        ServiceBusReceiverClient receiver = client.receiver().topicName("events").subscriptionName("high")
            .disableAutoComplete().buildClient()) {
      rules.createRule("blue", new CreateRuleOptions(new CorrelationRuleFilter().setLabel("blue")));
      List<String> names = new ArrayList<>();
      rules.listRules().forEach(rule -> names.add(rule.getName()));
      Collections.sort(names);
      seen.put("rules", names);
      List<ServiceBusMessage> messages = new ArrayList<>();
      for (int n : List.of(1, 9)) {
        ServiceBusMessage message = new ServiceBusMessage(n < 5 ? "low" : "high");
        message.getApplicationProperties().put("n", n);
        messages.add(message);
      }
      messages.add(new ServiceBusMessage("blue").setSubject("blue"));
      sender.sendMessages(messages);
      List<ServiceBusReceivedMessage> filtered = receive(receiver, 2);
      seen.put("filtered", bodies(filtered));
      filtered.forEach(receiver::complete);
      rules.deleteRule("blue");
    }
  }

  /** The client's own loops: prefetch, concurrency, renewal and automatic settlement. */
  private static void processors() throws InterruptedException {
    ServiceBusClientBuilder client = client();
    CountDownLatch left = new CountDownLatch(200);
    Map<String, List<String>> bySession = new ConcurrentHashMap<>();
    List<String> errors = new CopyOnWriteArrayList<>();
    try (ServiceBusSenderClient plain = client.sender().queueName("orders").buildClient();
        ServiceBusSenderClient sessions = client.sender().queueName("sessions").buildClient()) {
      for (int i = 0; i < 100; i++) {
        plain.sendMessage(new ServiceBusMessage("" + i));
        sessions.sendMessage(new ServiceBusMessage("" + i / 5).setSessionId("s" + i % 5));
      }
    }
    ServiceBusProcessorClient queue = client.processor().queueName("orders").maxConcurrentCalls(8).prefetchCount(20)
        .processMessage(context -> left.countDown())
        .processError(context -> errors.add(String.valueOf(context.getException())))
        .buildProcessorClient();
    ServiceBusProcessorClient pump = client.sessionProcessor().queueName("sessions").maxConcurrentSessions(3)
        .sessionIdleTimeout(Duration.ofSeconds(1))
        .processMessage(context -> {
          bySession.computeIfAbsent(context.getMessage().getSessionId(), key -> new CopyOnWriteArrayList<>())
              .add(context.getMessage().getBody().toString());
          left.countDown();
        })
        .processError(context -> errors.add(String.valueOf(context.getException())))
        .buildProcessorClient();
    queue.start();
    pump.start();
    seen.put("handled", left.await(60, TimeUnit.SECONDS));
    pump.close();
    queue.close();
    seen.put("sessions", bySession.size());
    seen.put("inOrder", bySession.values().stream().allMatch(bodies -> bodies.equals(numbersBelow(20))));
    seen.put("errors", errors);
  }

  private static void administration() {
    ServiceBusAdministrationClient admin = new ServiceBusAdministrationClientBuilder()
        .connectionString(System.getenv("CONNECTION_STRING"))
        .addPolicy(ServiceBus::toEndpoint)
        .retryOptions(new RetryOptions(new FixedDelayOptions(0, Duration.ofMillis(1))))
        .buildClient();
    QueueProperties queue = admin.createQueue("orders", new CreateQueueOptions()
        .setLockDuration(Duration.ofMinutes(2)).setMaxDeliveryCount(3).setSessionRequired(true)
        .setUserMetadata("<mine>"));
    seen.put("queue", List.of(queue.getName(), queue.getLockDuration().toString(), queue.getMaxDeliveryCount(),
        queue.isSessionRequired(), queue.getUserMetadata()));
    seen.put("updated", admin.updateQueue(queue.setMaxDeliveryCount(4)).getMaxDeliveryCount());
    for (int i = 0; i < 3; i++) admin.createQueue("q" + i);
    List<String> names = new ArrayList<>();
    admin.listQueues().forEach(item -> names.add(item.getName()));
    seen.put("queues", names);
    QueueRuntimeProperties runtime = admin.getQueueRuntimeProperties("orders");
    seen.put("runtime", List.of(runtime.getTotalMessageCount(), runtime.getActiveMessageCount()));
    admin.createTopic("shop/events");
    admin.createSubscription("shop/events", "audit", "mine", new CreateSubscriptionOptions().setForwardTo("q0"),
        new CreateRuleOptions(filterOf("n > @n")).setAction(new SqlRuleAction("SET a = 1")));
    CorrelationRuleFilter exact = new CorrelationRuleFilter().setLabel("blue");
    exact.getProperties().putAll(Map.of("k", "v", "n", 7));
    admin.createRule("shop/events", "exact", "audit", new CreateRuleOptions(exact));
    RuleProperties mine = admin.getRule("shop/events", "audit", "mine");
    SqlRuleFilter filter = (SqlRuleFilter) mine.getFilter();
    seen.put("mine", List.of(filter.getSqlExpression(), new TreeMap<>(filter.getParameters()),
        ((SqlRuleAction) mine.getAction()).getSqlExpression()));
    CorrelationRuleFilter found = (CorrelationRuleFilter) admin.getRule("shop/events", "audit", "exact").getFilter();
    seen.put("exact", List.of(found.getLabel(), new TreeMap<>(found.getProperties())));
    List<String> rules = new ArrayList<>();
    admin.listRules("shop/events", "audit").forEach(rule -> rules.add(rule.getName()));
    seen.put("rules", rules);
    seen.put("forwardTo", admin.getSubscription("shop/events", "audit").getForwardTo().replaceFirst(".*/", ""));
    seen.put("namespace", admin.getNamespaceProperties().getName());
    seen.put("exists", List.of(admin.getQueueExists("orders"), admin.getQueueExists("missing")));
    seen.put("errors", List.of(nameOf(() -> admin.getQueue("missing")), nameOf(() -> admin.createQueue("orders")),
        nameOf(() -> admin.createQueue("bad", new CreateQueueOptions().setLockDuration(Duration.ofMinutes(6))))));
    admin.deleteRule("shop/events", "audit", "exact");
    admin.deleteSubscription("shop/events", "audit");
    admin.deleteTopic("shop/events");
    admin.deleteQueue("orders");
    List<String> rest = new ArrayList<>();
    admin.listQueues().forEach(item -> rest.add(item.getName()));
    seen.put("rest", rest);
  }

  /** This client ignores the port in the connection string, and has no option for a port. */
  private static Mono<HttpResponse> toEndpoint(HttpPipelineCallContext context, HttpPipelineNextPolicy next) {
    URI url = URI.create(context.getHttpRequest().getUrl().toString());
    String path = url.getRawPath() + (url.getRawQuery() == null ? "" : "?" + url.getRawQuery());
    context.getHttpRequest().setUrl(System.getenv("ENDPOINT") + path);
    return next.process();
  }

  private static SqlRuleFilter filterOf(String expression) {
    SqlRuleFilter filter = new SqlRuleFilter(expression);
    filter.getParameters().putAll(Map.of("@n", 5, "@s", "x", "@f", 1.5, "@b", true));
    return filter;
  }

  private static List<ServiceBusReceivedMessage> receive(ServiceBusReceiverClient receiver, int count) {
    List<ServiceBusReceivedMessage> messages = new ArrayList<>();
    while (messages.size() < count) {
      int before = messages.size();
      receiver.receiveMessages(count - before, WAIT).forEach(messages::add);
      if (messages.size() == before) throw new IllegalStateException(before + " of " + count + " messages came");
    }
    return messages;
  }

  private static List<String> ids(Iterable<ServiceBusReceivedMessage> messages) {
    List<String> ids = new ArrayList<>();
    messages.forEach(message -> ids.add(message.getMessageId()));
    return ids;
  }

  private static List<String> bodies(List<ServiceBusReceivedMessage> messages) {
    return messages.stream().map(message -> message.getBody().toString()).toList();
  }

  private static List<String> numbersBelow(int end) {
    List<String> numbers = new ArrayList<>();
    for (int n = 0; n < end; n++) numbers.add("" + n);
    return numbers;
  }

  private static String reasonOf(Runnable action) {
    try {
      action.run();
    } catch (ServiceBusException error) {
      return error.getReason().toString();
    } catch (AmqpException error) {
      return error.getErrorCondition().getErrorCondition();
    }
    return "none";
  }

  private static String nameOf(Supplier<?> action) {
    try {
      action.get();
    } catch (ResourceNotFoundException | ResourceExistsException error) {
      return error.getClass().getSimpleName();
    } catch (HttpResponseException error) {
      return "" + error.getResponse().getStatusCode();
    }
    return "none";
  }
}
