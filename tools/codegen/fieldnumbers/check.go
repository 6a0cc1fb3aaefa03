package fieldnumbers

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/bufbuild/protocompile/parser"
	"github.com/bufbuild/protocompile/reporter"
	"google.golang.org/protobuf/types/descriptorpb"
)

// Check compares two states of a .proto file, and returns an error that has a line for every field whose number changed, and for
// every number that changed its field. Messages and fields may come and go.
func Check(file string, before, after []byte) error {
	was, err := read(file, before)
	if err != nil {
		return err
	}
	is, err := read(file, after)
	if err != nil {
		return err
	}
	messages := map[string]*descriptorpb.DescriptorProto{}
	for _, message := range was.MessageType {
		messages[message.GetName()] = message
	}
	var errs []error
	for _, message := range is.MessageType {
		for _, field := range message.Field {
			for _, old := range messages[message.GetName()].GetField() {
				sameName, sameNumber := old.GetName() == field.GetName(), old.GetNumber() == field.GetNumber()
				switch {
				case sameName && !sameNumber:
					errs = append(errs, fmt.Errorf("%s.%s has the number %d, and had %d: restore its protobuf tag",
						message.GetName(), field.GetName(), field.GetNumber(), old.GetNumber()))
				case sameNumber && !sameName:
					errs = append(errs, fmt.Errorf("%s.%s has the number %d, which was that of %s: give it one that no field ever had",
						message.GetName(), field.GetName(), field.GetNumber(), old.GetName()))
				}
			}
		}
	}
	if len(errs) > 0 {
		return fmt.Errorf("%s: what is stored, and what clients of today send, would be read wrongly:\n%w", file, errors.Join(errs...))
	}
	return nil
}

func read(file string, content []byte) (*descriptorpb.FileDescriptorProto, error) {
	handler := reporter.NewHandler(nil)
	tree, err := parser.Parse(file, bytes.NewReader(content), handler)
	if err != nil {
		return nil, fmt.Errorf("reading field numbers: %w", err)
	}
	result, err := parser.ResultFromAST(tree, false, handler)
	if err != nil {
		return nil, fmt.Errorf("reading field numbers: %w", err)
	}
	return result.FileDescriptorProto(), nil
}
