// Drives the emulator through cloud.google.com/go/pubsub/v2 and prints what it saw as JSON. The test beside it checks the output.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"cloud.google.com/go/pubsub/v2"
	vkit "cloud.google.com/go/pubsub/v2/apiv1"
	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/api/iterator"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

const project = "projects/interop"

// The parts of the program and what they need.
type world struct {
	ctx    context.Context
	client *pubsub.Client
	seen   map[string]any
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	w := world{ctx, got(pubsub.NewClient(ctx, "interop")), map[string]any{}}
	for _, part := range []func(world){plain, streaming, inOrder, exactlyOnce, deadLetters, filters, seeking, administration, schemas, failures} {
		part(w)
	}
	must(json.NewEncoder(os.Stdout).Encode(w.seen))
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		panic(err)
	}
}

func got[T any](value T, err error) T {
	must(err)
	return value
}

func topicName(id string) string { return project + "/topics/" + id }

func subscriptionName(id string) string { return project + "/subscriptions/" + id }

func last(name string) string { return name[strings.LastIndex(name, "/")+1:] }

// Creates a topic and a subscription with that name.
func (w world) pair(id string, settings *pb.Subscription) {
	got(w.client.TopicAdminClient.CreateTopic(w.ctx, &pb.Topic{Name: topicName(id)}))
	settings.Name, settings.Topic = subscriptionName(id), topicName(id)
	got(w.client.SubscriptionAdminClient.CreateSubscription(w.ctx, settings))
}

func (w world) publish(id string, messages ...*pubsub.Message) []string {
	publisher := w.client.Publisher(id)
	publisher.EnableMessageOrdering = true
	defer publisher.Stop()
	var results []*pubsub.PublishResult
	for _, message := range messages {
		results = append(results, publisher.Publish(w.ctx, message))
	}
	var ids []string
	for _, result := range results {
		ids = append(ids, got(result.Get(w.ctx)))
	}
	return ids
}

func (w world) pull(id string, count int) []*pb.ReceivedMessage {
	var messages []*pb.ReceivedMessage
	for len(messages) < count {
		answer := got(w.client.SubscriptionAdminClient.Pull(w.ctx, &pb.PullRequest{Subscription: subscriptionName(id), MaxMessages: int32(count - len(messages))}))
		messages = append(messages, answer.ReceivedMessages...)
	}
	return messages
}

func (w world) isEmpty(id string) bool {
	answer := got(w.client.SubscriptionAdminClient.Pull(w.ctx, &pb.PullRequest{Subscription: subscriptionName(id), MaxMessages: 10, ReturnImmediately: true}))
	return len(answer.ReceivedMessages) == 0
}

func (w world) ack(id string, messages []*pb.ReceivedMessage) error {
	var ids []string
	for _, message := range messages {
		ids = append(ids, message.AckId)
	}
	return w.client.SubscriptionAdminClient.Acknowledge(w.ctx, &pb.AcknowledgeRequest{Subscription: subscriptionName(id), AckIds: ids})
}

func texts(messages []*pb.ReceivedMessage) []string {
	list := []string{}
	for _, message := range messages {
		list = append(list, string(message.Message.Data))
	}
	return list
}

// Collects the handler's results for the messages of a streaming pull, until they are as expected.
func listen[T any](w world, id string, most int, isDone func([]T) bool, handle func(*pubsub.Message) T) []T {
	ctx, cancel := context.WithTimeout(w.ctx, 30*time.Second)
	defer cancel()
	var lock sync.Mutex
	var results []T
	subscriber := w.client.Subscriber(id)
	subscriber.ReceiveSettings.MaxOutstandingMessages = most
	must(subscriber.Receive(ctx, func(_ context.Context, message *pubsub.Message) {
		result := handle(message)
		lock.Lock()
		defer lock.Unlock()
		results = append(results, result)
		if isDone(results) {
			cancel()
		}
	}))
	if !isDone(results) {
		panic(fmt.Sprint("only ", results, " on ", id))
	}
	return results
}

func atLeast[T any](count int) func([]T) bool {
	return func(results []T) bool { return len(results) >= count }
}

func text(text string, attributes ...string) *pubsub.Message {
	message := &pubsub.Message{Data: []byte(text)}
	for i := 0; i < len(attributes); i += 2 {
		if message.Attributes == nil {
			message.Attributes = map[string]string{}
		}
		message.Attributes[attributes[i]] = attributes[i+1]
	}
	return message
}

func plain(w world) {
	w.pair("plain", &pb.Subscription{})
	var messages []*pubsub.Message
	for i := range 100 {
		messages = append(messages, text(fmt.Sprint("body ", i), "n", fmt.Sprint(i)))
	}
	w.seen["ids"] = len(slices.Compact(slices.Sorted(slices.Values(w.publish("plain", messages...)))))
	received := w.pull("plain", 100)
	w.seen["attributes"] = "body "+received[0].Message.Attributes["n"] == texts(received)[0]
	must(w.ack("plain", received[1:]))
	subscriber := w.client.SubscriptionAdminClient
	must(subscriber.ModifyAckDeadline(w.ctx, &pb.ModifyAckDeadlineRequest{Subscription: subscriptionName("plain"), AckIds: []string{received[0].AckId}}))
	again := w.pull("plain", 1)
	w.seen["again"] = []any{again[0].Message.MessageId == received[0].Message.MessageId, again[0].AckId != received[0].AckId, again[0].DeliveryAttempt}
	must(subscriber.ModifyAckDeadline(w.ctx, &pb.ModifyAckDeadlineRequest{Subscription: subscriptionName("plain"), AckIds: []string{again[0].AckId}, AckDeadlineSeconds: 60}))
	must(w.ack("plain", again))
	w.seen["left"] = w.isEmpty("plain")
}

func streaming(w world) {
	w.pair("streaming", &pb.Subscription{})
	var messages []*pubsub.Message
	for i := range 200 {
		messages = append(messages, text(fmt.Sprint(i)))
	}
	w.publish("streaming", messages...)
	var running, most atomic.Int32
	results := listen(w, "streaming", 5, atLeast[string](200), func(message *pubsub.Message) string {
		now := running.Add(1)
		for before := most.Load(); now > before && !most.CompareAndSwap(before, now); before = most.Load() {
		}
		time.Sleep(5 * time.Millisecond)
		running.Add(-1)
		message.Ack()
		return string(message.Data)
	})
	slices.Sort(results)
	w.seen["streamed"] = []any{len(slices.Compact(results)), most.Load() <= 5}
}

func inOrder(w world) {
	w.pair("ordered", &pb.Subscription{EnableMessageOrdering: true})
	var messages []*pubsub.Message
	for i := range 20 {
		for _, key := range []string{"a", "b"} {
			messages = append(messages, &pubsub.Message{Data: []byte(fmt.Sprint(key, i)), OrderingKey: key})
		}
	}
	w.publish("ordered", messages...)
	// Results from where the refused message came again. Messages already on their way to the client may come twice.
	sinceRefusal := func(results []string) []string { return results[max(slices.Index(results, "a3"), 0):] }
	isDone := func(results []string) bool {
		return slices.Contains(results, "a3") && slices.Contains(sinceRefusal(results), "a19") && slices.Contains(results, "b19")
	}
	var hasRefused atomic.Bool
	results := listen(w, "ordered", 1000, isDone, func(message *pubsub.Message) string {
		if string(message.Data) == "a3" && hasRefused.CompareAndSwap(false, true) {
			message.Nack()
			return "nack"
		}
		message.Ack()
		return string(message.Data)
	})
	w.seen["ordered"] = []string{ofKey("a", sinceRefusal(results)), ofKey("b", results)}
}

func ofKey(key string, results []string) string {
	var list []string
	for _, result := range results {
		if number, ok := strings.CutPrefix(result, key); ok {
			list = append(list, number)
		}
	}
	return strings.Join(list, " ")
}

func exactlyOnce(w world) {
	w.pair("once", &pb.Subscription{EnableExactlyOnceDelivery: true, AckDeadlineSeconds: 60})
	w.publish("once", text("0"), text("1"), text("2"))
	confirm := func(message *pubsub.Message) *pubsub.AckResult { return message.AckWithResult() }
	var confirmed []pubsub.AcknowledgeStatus
	for _, result := range listen(w, "once", 10, atLeast[*pubsub.AckResult](3), confirm) {
		confirmed = append(confirmed, got(result.Get(w.ctx)))
	}
	w.seen["confirmed"] = confirmed
	w.publish("once", text("late"))
	message := w.pull("once", 1)
	must(w.ack("once", message))
	w.seen["refused"] = code(w.ack("once", message))
	w.publish("once", text("lost"))
	lost := listen(w, "once", 10, atLeast[*pubsub.AckResult](1), func(message *pubsub.Message) *pubsub.AckResult {
		// The service counts everything published as settled, including this message.
		must2(w.client.SubscriptionAdminClient.Seek(w.ctx, &pb.SeekRequest{
			Subscription: subscriptionName("once"),
			Target:       &pb.SeekRequest_Time{Time: timestamppb.New(time.Now().Add(time.Second))},
		}))
		return message.AckWithResult()
	})
	outcome, err := lost[0].Get(w.ctx)
	w.seen["lost"] = []any{outcome, err != nil}
}

func must2(_ any, err error) { must(err) }

func deadLetters(w world) {
	w.pair("dead", &pb.Subscription{})
	w.pair("failing", &pb.Subscription{DeadLetterPolicy: &pb.DeadLetterPolicy{DeadLetterTopic: topicName("dead"), MaxDeliveryAttempts: 5}})
	w.publish("failing", text("poison", "kind", "x"))
	w.seen["attempts"] = listen(w, "failing", 10, atLeast[int](5), func(message *pubsub.Message) int {
		message.Nack()
		return *message.DeliveryAttempt
	})
	letter := w.pull("dead", 1)[0].Message
	w.seen["dead"] = []string{string(letter.Data), letter.Attributes["kind"], letter.Attributes["CloudPubSubDeadLetterSourceDeliveryCount"], letter.Attributes["CloudPubSubDeadLetterSourceSubscription"]}
}

func filters(w world) {
	w.pair("filtered", &pb.Subscription{Filter: `attributes.kind = "a" AND NOT hasPrefix(attributes.to, "x")`})
	w.publish("filtered", text("1", "kind", "a", "to", "x1"), text("2", "kind", "a", "to", "y1"), text("3", "kind", "b", "to", "y1"))
	received := w.pull("filtered", 1)
	must(w.ack("filtered", received))
	w.seen["filtered"] = []any{texts(received), w.isEmpty("filtered")}
}

func seeking(w world) {
	w.pair("seeking", &pb.Subscription{RetainAckedMessages: true})
	subscriber := w.client.SubscriptionAdminClient
	name := subscriptionName("seeking")
	w.publish("seeking", text("one"))
	snapshot := got(subscriber.CreateSnapshot(w.ctx, &pb.CreateSnapshotRequest{Name: project + "/snapshots/before", Subscription: name}))
	must(w.ack("seeking", w.pull("seeking", 1)))
	got(subscriber.Seek(w.ctx, &pb.SeekRequest{Subscription: name, Target: &pb.SeekRequest_Snapshot{Snapshot: snapshot.Name}}))
	back := w.pull("seeking", 1)
	must(w.ack("seeking", back))
	got(subscriber.Seek(w.ctx, &pb.SeekRequest{Subscription: name, Target: &pb.SeekRequest_Time{Time: back[0].Message.PublishTime}}))
	w.seen["sought"] = [][]string{texts(back), texts(w.pull("seeking", 1))}
	var snapshots []string
	for list := subscriber.ListSnapshots(w.ctx, &pb.ListSnapshotsRequest{Project: project}); ; {
		next, err := list.Next()
		if errors.Is(err, iterator.Done) {
			break
		}
		must(err)
		snapshots = append(snapshots, last(next.Name))
	}
	w.seen["snapshots"] = snapshots
	must(subscriber.DeleteSnapshot(w.ctx, &pb.DeleteSnapshotRequest{Snapshot: snapshot.Name}))
}

func administration(w world) {
	topics, subscriptions := w.client.TopicAdminClient, w.client.SubscriptionAdminClient
	got(topics.CreateTopic(w.ctx, &pb.Topic{Name: topicName("events"), Labels: map[string]string{"n": "1"}}))
	topic := got(topics.UpdateTopic(w.ctx, &pb.UpdateTopicRequest{
		Topic:      &pb.Topic{Name: topicName("events"), Labels: map[string]string{"n": "2"}, MessageRetentionDuration: durationpb.New(15 * time.Minute)},
		UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"labels", "message_retention_duration"}},
	}))
	w.seen["topic"] = []any{topic.Labels["n"], topic.MessageRetentionDuration.AsDuration().Seconds()}
	name := subscriptionName("everything")
	got(subscriptions.CreateSubscription(w.ctx, &pb.Subscription{
		Name: name, Topic: topicName("events"), AckDeadlineSeconds: 30, RetainAckedMessages: true,
		MessageRetentionDuration: durationpb.New(20 * time.Minute), Labels: map[string]string{"team": "a"},
		EnableMessageOrdering: true, EnableExactlyOnceDelivery: true, ExpirationPolicy: &pb.ExpirationPolicy{}, Filter: "attributes:kind",
		DeadLetterPolicy: &pb.DeadLetterPolicy{DeadLetterTopic: topicName("dead"), MaxDeliveryAttempts: 7},
		RetryPolicy:      &pb.RetryPolicy{MinimumBackoff: durationpb.New(5 * time.Second), MaximumBackoff: durationpb.New(time.Minute)},
	}))
	held := got(subscriptions.GetSubscription(w.ctx, &pb.GetSubscriptionRequest{Subscription: name}))
	w.seen["subscription"] = []any{
		held.AckDeadlineSeconds, held.RetainAckedMessages, held.MessageRetentionDuration.AsDuration().Seconds(), held.Labels["team"],
		held.EnableMessageOrdering, held.EnableExactlyOnceDelivery, held.ExpirationPolicy.Ttl == nil, held.Filter,
		held.DeadLetterPolicy.MaxDeliveryAttempts, held.RetryPolicy.MinimumBackoff.AsDuration().Seconds(), held.State.String(),
	}
	updated := got(subscriptions.UpdateSubscription(w.ctx, &pb.UpdateSubscriptionRequest{
		Subscription: &pb.Subscription{Name: name, AckDeadlineSeconds: 45},
		UpdateMask:   &fieldmaskpb.FieldMask{Paths: []string{"ack_deadline_seconds"}},
	}))
	w.seen["updated"] = []any{updated.AckDeadlineSeconds, updated.Labels["team"]}
	got(topics.DetachSubscription(w.ctx, &pb.DetachSubscriptionRequest{Subscription: name}))
	w.seen["detached"] = []any{got(subscriptions.GetSubscription(w.ctx, &pb.GetSubscriptionRequest{Subscription: name})).Detached, code(w.client.Subscriber("everything").Receive(w.ctx, nil))}
	must(subscriptions.DeleteSubscription(w.ctx, &pb.DeleteSubscriptionRequest{Subscription: name}))
	must(topics.DeleteTopic(w.ctx, &pb.DeleteTopicRequest{Topic: topicName("events")}))
	w.seen["deleted"] = code(topics.DeleteTopic(w.ctx, &pb.DeleteTopicRequest{Topic: topicName("events")}))
}

func schemas(w world) {
	client := got(vkit.NewSchemaClient(w.ctx,
		option.WithEndpoint(os.Getenv("PUBSUB_EMULATOR_HOST")),
		option.WithoutAuthentication(),
		option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())),
	))
	definition := `{"type":"record","name":"Order","fields":[{"name":"id","type":"string"},{"name":"count","type":"int"}]}`
	schema := got(client.CreateSchema(w.ctx, &pb.CreateSchemaRequest{Parent: project, SchemaId: "order", Schema: &pb.Schema{Type: pb.Schema_AVRO, Definition: definition}}))
	got(w.client.TopicAdminClient.CreateTopic(w.ctx, &pb.Topic{Name: topicName("typed"), SchemaSettings: &pb.SchemaSettings{Schema: schema.Name, Encoding: pb.Encoding_JSON}}))
	got(w.client.SubscriptionAdminClient.CreateSubscription(w.ctx, &pb.Subscription{Name: subscriptionName("typed"), Topic: topicName("typed")}))
	w.publish("typed", text(`{"id":"a","count":1}`))
	message := w.pull("typed", 1)[0].Message
	publisher := w.client.Publisher("typed")
	defer publisher.Stop()
	_, err := publisher.Publish(w.ctx, text(`{"id":7}`)).Get(w.ctx)
	_, invalid := client.ValidateSchema(w.ctx, &pb.ValidateSchemaRequest{Parent: project, Schema: &pb.Schema{Type: pb.Schema_AVRO, Definition: "{}"}})
	w.seen["schema"] = []any{message.Attributes["googclient_schemaname"] == schema.Name, message.Attributes["googclient_schemaencoding"], code(err), code(invalid)}
	must(client.DeleteSchema(w.ctx, &pb.DeleteSchemaRequest{Name: schema.Name}))
}

func failures(w world) {
	publisher := w.client.Publisher("missing")
	defer publisher.Stop()
	_, missingTopic := publisher.Publish(w.ctx, text("x")).Get(w.ctx)
	_, taken := w.client.TopicAdminClient.CreateTopic(w.ctx, &pb.Topic{Name: topicName("plain")})
	_, missing := w.client.SubscriptionAdminClient.Pull(w.ctx, &pb.PullRequest{Subscription: subscriptionName("missing"), MaxMessages: 1})
	w.seen["errors"] = []string{code(missingTopic), code(taken), code(missing), code(w.client.Subscriber("missing").Receive(w.ctx, nil))}
}

func code(err error) string {
	if err == nil {
		return codes.OK.String()
	}
	return status.Code(err).String()
}
