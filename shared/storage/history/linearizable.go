package history

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

// decisionTimeout is how long it may take to find an order of the operations of one object. Most take milliseconds.
const decisionTimeout = time.Minute

// Linearizable: for each object, there is an order of all that was done to it in which every answer is right, and in which
// nothing is after what began when it had ended. The pages, by key, show the order, or how far there was one.
func Linearizable(log Log, h *History) (pages map[string][]byte, err error) {
	pages = map[string][]byte{}
	for key, operations := range histories(log, h) {
		result, info := porcupine.CheckOperationsVerbose(model, operations, decisionTimeout)
		if result != porcupine.Ok && err == nil {
			err = fmt.Errorf("the operations on %s have no order that explains them (%s): the page of it shows how far there is one", key, strings.ToLower(string(result)))
		}
		var page bytes.Buffer
		if failure := porcupine.Visualize(model, info, &page); failure != nil && err == nil {
			err = fmt.Errorf("showing the operations on %s: %w", key, failure)
		}
		pages[key] = page.Bytes()
	}
	return pages, err
}

var model = porcupine.Model{
	Init: func() any { return register{} },
	Step: func(state, input, output any) (bool, any) {
		return state.(register).step(input.(Request), output.(Response))
	},
	DescribeOperation: func(input, output any) string {
		return fmt.Sprintf("%s -> %s", input.(Request), output.(Response))
	},
	DescribeState: func(state any) string { return state.(register).String() },
}

// histories are the operations on each object. A list of now is a read of each of them.
func histories(log Log, h *History) map[string][]porcupine.Operation {
	operations := settle(log, h.Operations)
	result := map[string][]porcupine.Operation{}
	for i := range operations {
		if o := &operations[i]; o.Key != "" {
			result[o.Key] = nil
		}
	}
	clients := 0
	for i := range operations {
		clients = max(clients, operations[i].Client+1)
	}
	for i := range operations {
		o := &operations[i]
		one := porcupine.Operation{ClientId: o.Client, Input: o.Request, Output: o.Response, Call: int64(o.Call), Return: int64(o.Return)}
		switch {
		case o.Outcome == Unknown:
			// It goes on while its client does something else.
			one.ClientId, clients = clients, clients+1
			one.Return = math.MaxInt64
			result[o.Key] = append(result[o.Key], one)
		case o.Kind == List:
			for key := range result {
				one.Input, one.Output = Request{Kind: Get, Key: key}, Response{Outcome: Missing}
				if j := slices.IndexFunc(o.Objects, func(object Object) bool { return object.Key == key }); j >= 0 {
					one.Output = Response{Outcome: Done, Object: &o.Objects[j]}
				}
				result[key] = append(result[key], one)
			}
		default:
			result[o.Key] = append(result[o.Key], one)
		}
	}
	return result
}

// settle leaves out what says nothing about now, and writes of unknown outcome of which nobody saw anything. Of those that
// were seen, it says at which revision.
func settle(log Log, operations []Operation) (settled []Operation) {
	written, deleted := map[string]uint64{}, map[string]map[uint64]bool{}
	for _, c := range log {
		if c.After != nil {
			written[c.After.Value] = c.Revision
			continue
		}
		if deleted[c.Key] == nil {
			deleted[c.Key] = map[uint64]bool{}
		}
		deleted[c.Key][c.Revision] = true
	}
	read := map[string]bool{}
	for i := range operations {
		o := &operations[i]
		if o.Kind == Delete && o.Outcome == Done {
			delete(deleted[o.Key], o.Response.Revision)
		}
		for _, object := range o.Objects {
			read[object.Value] = true
		}
		for _, object := range []*Object{o.Object, o.Before} {
			if object != nil {
				read[object.Value] = true
			}
		}
	}
	for _, o := range operations {
		switch {
		case o.Kind == ListAt, o.Outcome == Expired, o.Outcome == Unknown && !o.Kind.writes():
			continue
		case o.Outcome == Unknown && o.Kind == Delete:
			if len(deleted[o.Key]) == 0 {
				continue
			}
		case o.Outcome == Unknown:
			o.Response.Revision = written[o.Value]
			if o.Response.Revision == 0 && !read[o.Value] {
				continue
			}
		}
		settled = append(settled, o)
	}
	return settled
}
