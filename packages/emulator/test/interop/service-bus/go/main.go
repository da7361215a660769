// Drives the emulator through azservicebus and prints what it saw as JSON. The test beside it checks the output.
// Argument: "data" or "admin".
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"
	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus/admin"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	seen := map[string]any{}
	if os.Args[1] == "data" {
		data(ctx, seen)
	} else {
		administration(ctx, seen)
	}
	must(json.NewEncoder(os.Stdout).Encode(seen))
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

func trusting() *tls.Config {
	file := os.Getenv("CA_FILE")
	if file == "" {
		return nil
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(got(os.ReadFile(file)))
	// Without an explicit name, the client checks the certificate for "host:port".
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12, ServerName: "localhost"}
}

func data(ctx context.Context, seen map[string]any) {
	client := got(azservicebus.NewClientFromConnectionString(os.Getenv("CONNECTION_STRING"), &azservicebus.ClientOptions{
		TLSConfig:    trusting(),
		RetryOptions: azservicebus.RetryOptions{MaxRetries: -1},
	}))
	defer client.Close(ctx)
	queue(ctx, client, seen)
	sessions(ctx, client, seen)
	sender := got(client.NewSender("events", nil))
	for name, n := range map[string]int64{"low": 1, "high": 9} {
		must(sender.SendMessage(ctx, &azservicebus.Message{Body: []byte(name), ApplicationProperties: map[string]any{"n": n}}, nil))
	}
	receiver := got(client.NewReceiverForSubscription("events", "high", nil))
	seen["filtered"] = bodies(got(receiver.ReceiveMessages(ctx, 1, nil)))
	missing := got(client.NewSender("missing", nil))
	err := missing.SendMessage(ctx, &azservicebus.Message{Body: []byte("x")}, nil)
	seen["missing"] = err != nil && strings.Contains(err.Error(), "could not be found")
}

func queue(ctx context.Context, client *azservicebus.Client, seen map[string]any) {
	sender := got(client.NewSender("orders", nil))
	must(sender.SendMessage(ctx, &azservicebus.Message{Body: []byte("one"), MessageID: to.Ptr("1"), ApplicationProperties: map[string]any{"n": int64(1), "s": "x", "b": true}}, nil))
	batch := got(sender.NewMessageBatch(ctx, nil))
	for i := 2; i <= 6; i++ {
		must(batch.AddMessage(&azservicebus.Message{Body: []byte(fmt.Sprintf("body %d", i)), MessageID: to.Ptr(fmt.Sprint(i))}, nil))
	}
	must(sender.SendMessageBatch(ctx, batch, nil))
	receiver := got(client.NewReceiverForQueue("orders", nil))
	seen["peeked"] = len(got(receiver.PeekMessages(ctx, 10, nil)))
	messages := receive(ctx, receiver, 6)
	seen["received"] = bodies(messages)
	seen["properties"] = messages[0].ApplicationProperties
	must(receiver.RenewMessageLock(ctx, messages[0], nil))
	must(receiver.CompleteMessage(ctx, messages[0], nil))
	must(receiver.AbandonMessage(ctx, messages[1], nil))
	must(receiver.DeadLetterMessage(ctx, messages[2], &azservicebus.DeadLetterOptions{Reason: to.Ptr("broken"), ErrorDescription: to.Ptr("It does not parse.")}))
	must(receiver.DeferMessage(ctx, messages[3], nil))
	must(receiver.CompleteMessage(ctx, messages[4], nil))
	must(receiver.CompleteMessage(ctx, messages[5], nil))
	again := receive(ctx, receiver, 1)[0]
	seen["again"] = []any{again.MessageID, again.DeliveryCount}
	must(receiver.CompleteMessage(ctx, again, nil))
	deferred := got(receiver.ReceiveDeferredMessages(ctx, []int64{*messages[3].SequenceNumber}, nil))
	seen["deferred"] = deferred[0].MessageID
	must(receiver.CompleteMessage(ctx, deferred[0], nil))
	dead := got(client.NewReceiverForQueue("orders", &azservicebus.ReceiverOptions{SubQueue: azservicebus.SubQueueDeadLetter}))
	letter := receive(ctx, dead, 1)[0]
	seen["dead"] = []any{letter.MessageID, *letter.DeadLetterReason, *letter.DeadLetterErrorDescription}
	must(dead.CompleteMessage(ctx, letter, nil))
	numbers := got(sender.ScheduleMessages(ctx, []*azservicebus.Message{{Body: []byte("late")}}, time.Now().Add(time.Hour), nil))
	seen["scheduled"] = len(got(receiver.PeekMessages(ctx, 10, &azservicebus.PeekMessagesOptions{FromSequenceNumber: to.Ptr(int64(0))})))
	must(sender.CancelScheduledMessages(ctx, numbers, nil))
	seen["left"] = len(got(receiver.PeekMessages(ctx, 10, &azservicebus.PeekMessagesOptions{FromSequenceNumber: to.Ptr(int64(0))})))
}

func sessions(ctx context.Context, client *azservicebus.Client, seen map[string]any) {
	sender := got(client.NewSender("sessions", nil))
	for _, session := range []string{"a", "b"} {
		must(sender.SendMessage(ctx, &azservicebus.Message{Body: []byte("of " + session), SessionID: to.Ptr(session)}, nil))
	}
	session := got(client.AcceptSessionForQueue(ctx, "sessions", "a", nil))
	must(session.SetSessionState(ctx, []byte("halfway"), nil))
	seen["state"] = string(got(session.GetSessionState(ctx, nil)))
	must(session.RenewSessionLock(ctx, nil))
	messages := got(session.ReceiveMessages(ctx, 1, nil))
	seen["session"] = bodies(messages)
	must(session.CompleteMessage(ctx, messages[0], nil))
	next := got(client.AcceptNextSessionForQueue(ctx, "sessions", nil))
	seen["next"] = next.SessionID()
	must(next.Close(ctx))
	must(session.Close(ctx))
}

func receive(ctx context.Context, receiver *azservicebus.Receiver, count int) []*azservicebus.ReceivedMessage {
	var messages []*azservicebus.ReceivedMessage
	for len(messages) < count {
		messages = append(messages, got(receiver.ReceiveMessages(ctx, count-len(messages), nil))...)
	}
	return messages
}

func bodies(messages []*azservicebus.ReceivedMessage) []string {
	var texts []string
	for _, message := range messages {
		texts = append(texts, string(message.Body))
	}
	return texts
}

func administration(ctx context.Context, seen map[string]any) {
	options := azcore.ClientOptions{
		Retry:     policy.RetryOptions{MaxRetries: -1},
		Transport: &http.Client{Transport: &http.Transport{TLSClientConfig: trusting()}},
	}
	client := got(admin.NewClientFromConnectionString(os.Getenv("CONNECTION_STRING"), &admin.ClientOptions{ClientOptions: options}))
	queue := got(client.CreateQueue(ctx, "orders", &admin.CreateQueueOptions{Properties: &admin.QueueProperties{
		LockDuration: to.Ptr("PT2M"), MaxDeliveryCount: to.Ptr(int32(3)), RequiresSession: to.Ptr(true), UserMetadata: to.Ptr("<mine>"),
	}}))
	seen["queue"] = []any{queue.QueueName, *queue.LockDuration, *queue.MaxDeliveryCount, *queue.RequiresSession, *queue.UserMetadata}
	queue.MaxDeliveryCount = to.Ptr(int32(4))
	seen["updated"] = *got(client.UpdateQueue(ctx, "orders", queue.QueueProperties, nil)).MaxDeliveryCount
	for i := range 5 {
		got(client.CreateQueue(ctx, fmt.Sprintf("q%d", i), nil))
	}
	var pages [][]string
	for pager := client.NewListQueuesPager(&admin.ListQueuesOptions{MaxPageSize: 2}); pager.More(); {
		var names []string
		for _, item := range got(pager.NextPage(ctx)).Queues {
			names = append(names, item.QueueName)
		}
		pages = append(pages, names)
	}
	seen["pages"] = pages
	runtime := got(client.GetQueueRuntimeProperties(ctx, "orders", nil))
	seen["runtime"] = []any{runtime.TotalMessageCount, runtime.CreatedAt.IsZero()}
	got(client.CreateTopic(ctx, "shop/events", nil))
	got(client.CreateSubscription(ctx, "shop/events", "audit", &admin.CreateSubscriptionOptions{Properties: &admin.SubscriptionProperties{
		DefaultRule: &admin.RuleProperties{Name: "mine", Filter: &admin.SQLFilter{Expression: "n > @n", Parameters: map[string]any{"@n": int64(5), "@s": "x", "@f": 1.5, "@b": true}}},
	}}))
	got(client.CreateRule(ctx, "shop/events", "audit", &admin.CreateRuleOptions{Name: to.Ptr("exact"), Filter: &admin.CorrelationFilter{
		Subject: to.Ptr("blue"), ApplicationProperties: map[string]any{"k": "v", "n": int64(7)},
	}, Action: &admin.SQLAction{Expression: "SET a = 1"}}))
	mine := got(client.GetRule(ctx, "shop/events", "audit", "mine", nil))
	seen["mine"] = mine.Filter
	exact := got(client.GetRule(ctx, "shop/events", "audit", "exact", nil))
	seen["exact"] = []any{exact.Filter, exact.Action}
	seen["namespace"] = got(client.GetNamespaceProperties(ctx, nil)).Name
	seen["missing"] = got(client.GetQueue(ctx, "missing", nil)) == nil
	_, err := client.CreateQueue(ctx, "orders", nil)
	var failure *azcore.ResponseError
	seen["exists"] = errors.As(err, &failure) && failure.StatusCode == http.StatusConflict
	got(client.DeleteRule(ctx, "shop/events", "audit", "exact", nil))
	got(client.DeleteSubscription(ctx, "shop/events", "audit", nil))
	got(client.DeleteTopic(ctx, "shop/events", nil))
	got(client.DeleteQueue(ctx, "orders", nil))
}
