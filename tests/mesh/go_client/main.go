// Create a flow, run it and follow its events to the end, knowing nothing but an address and a token.
//
// What any service in any language can do: the code under gen is made from proto/ and nothing else of ours is used.
// Prints one line a step, JSON where a program reads it. Resumes by cursor whenever the stream breaks.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	orchestrator "example.com/flowclient/gen/triggerflow/orchestrator/v1"
	registry "example.com/flowclient/gen/triggerflow/registry/v1"
	stream "example.com/flowclient/gen/triggerflow/stream/v1"
)

const patience = 60 * time.Second

func main() {
	address := flag.String("address", "", "where Envoy listens for gRPC, host:port")
	token := flag.String("token", os.Getenv("TFCANVAS_TOKEN"), "the bearer token")
	nodes := flag.Int("nodes", 6, "nodes in the chain")
	url := flag.String("url", "", "what each node of the chain calls; it decides how long the run takes")
	flag.Parse()
	if err := run(*address, *token, *nodes, *url); err != nil {
		fmt.Fprintln(os.Stderr, "failed:", err)
		os.Exit(1)
	}
}

func run(address, token string, nodes int, url string) error {
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(16<<20), grpc.MaxCallSendMsgSize(16<<20)))
	if err != nil {
		return err
	}
	defer connection.Close()
	ctx := metadata.AppendToOutgoingContext(context.Background(), "authorization", "Bearer "+token)
	flows, runs := registry.NewRegistryServiceClient(connection), orchestrator.NewOrchestratorServiceClient(connection)

	made, err := flows.CreateFlow(ctx, &registry.CreateFlowRequest{RequestId: uuid.NewString(), Flow: chain(nodes, url)})
	if err != nil {
		return fmt.Errorf("create: %w", err)
	}
	if len(made.Flow.Problems) > 0 {
		return fmt.Errorf("the flow has problems: %v", made.Flow.Problems)
	}
	say("flow", map[string]any{"id": made.Flow.Id})
	published, err := flows.PublishVersion(ctx, &registry.PublishVersionRequest{FlowId: made.Flow.Id, RequestId: uuid.NewString()})
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	started, err := runs.StartExecution(ctx, &orchestrator.StartExecutionRequest{
		RequestId: uuid.NewString(), FlowId: made.Flow.Id, BlueprintVersion: &published.Version.Version,
		InputsJson: `{"from":"go"}`,
	})
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	say("execution", map[string]any{"id": started.Execution.Id})
	return follow(ctx, stream.NewStreamServiceClient(connection), runs, started.Execution.Id)
}

// Every event once and in order, over as many streams as it takes.
func follow(ctx context.Context, watcher stream.StreamServiceClient, runs orchestrator.OrchestratorServiceClient, id string) error {
	cursor, sequence, streams := "", int64(0), 0
	last := time.Now()
	for {
		streams++
		ended, err := watch(ctx, watcher, id, &cursor, &sequence, &last)
		if err == nil && ended {
			break
		}
		if err != nil && status.Code(err) != codes.Unavailable && status.Code(err) != codes.Internal &&
			status.Code(err) != codes.Canceled && status.Code(err) != codes.Unknown && err != io.EOF {
			return fmt.Errorf("watch: %w", err)
		}
		if time.Since(last) > patience {
			return fmt.Errorf("no event for %s; the last error: %v", patience, err)
		}
		say("resume", map[string]any{"after": cursor, "why": fmt.Sprint(err)})
		time.Sleep(100 * time.Millisecond)
	}
	found, err := runs.GetExecution(ctx, &orchestrator.GetExecutionRequest{ExecutionId: id})
	if err != nil {
		return fmt.Errorf("get: %w", err)
	}
	say("end", map[string]any{
		"status": found.Execution.Status.String(), "events": sequence, "streams": streams,
		"outputs": json.RawMessage(found.Execution.OutputsJson),
	})
	return nil
}

func watch(ctx context.Context, watcher stream.StreamServiceClient, id string, cursor *string, sequence *int64, last *time.Time) (bool, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	events, err := watcher.WatchExecution(ctx, &stream.WatchExecutionRequest{ExecutionId: id, After: *cursor})
	if err != nil {
		return false, err
	}
	for {
		batch, err := events.Recv()
		if err == io.EOF {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		for _, event := range batch.Events {
			if event.Sequence != *sequence+1 {
				return false, status.Errorf(codes.DataLoss, "event %d follows event %d", event.Sequence, *sequence)
			}
			*cursor, *sequence, *last = event.Id, event.Sequence, time.Now()
			say("event", map[string]any{"type": event.Type.String(), "sequence": event.Sequence})
		}
	}
}

func chain(nodes int, url string) *registry.Flow {
	trigger := &registry.Node{
		Id: uuid.NewString(), Type: registry.NodeType_NODE_TYPE_TRIGGER, Name: "Start", Position: &registry.Position{},
		Handlers: map[string]*registry.Handler{"main": {Entrypoint: "core:manual"}},
	}
	flow := &registry.Flow{Name: "Drawn by a Go program", Nodes: []*registry.Node{trigger}}
	before := trigger.Id
	for i := range nodes {
		config, entrypoint := `{"expression":"input"}`, "core:map"
		if url != "" {
			text, _ := json.Marshal(map[string]any{"method": "GET", "url": url})
			config, entrypoint = string(text), "http:request"
		}
		node := &registry.Node{
			Id: uuid.NewString(), Type: registry.NodeType_NODE_TYPE_ACTION, Name: fmt.Sprintf("Step %d", i+1),
			Position: &registry.Position{X: float64(240 * (i + 1))},
			Handlers: map[string]*registry.Handler{"main": {Entrypoint: entrypoint, ConfigJson: &config}},
		}
		flow.Nodes = append(flow.Nodes, node)
		flow.Edges = append(flow.Edges, edge(before, node.Id))
		before = node.Id
	}
	output := &registry.Node{
		Id: uuid.NewString(), Type: registry.NodeType_NODE_TYPE_OUTPUT, Name: "Result",
		Position: &registry.Position{X: float64(240 * (nodes + 1))},
	}
	flow.Nodes = append(flow.Nodes, output)
	flow.Edges = append(flow.Edges, edge(before, output.Id))
	return flow
}

func edge(from, to string) *registry.Edge {
	return &registry.Edge{
		Id:     uuid.NewString(),
		Source: &registry.Endpoint{NodeId: from, Port: "out"},
		Target: &registry.Endpoint{NodeId: to, Port: "input"},
	}
}

func say(step string, facts map[string]any) {
	facts["step"] = step
	text, _ := json.Marshal(facts)
	fmt.Println(string(text))
}
