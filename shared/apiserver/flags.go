package apiserver

import (
	"errors"
	"fmt"
	"strings"

	"github.com/agext/levenshtein"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// parse sets flags from a command line. Unlike pflag, which stops at the first mistake, it goes on and reports every
// unknown flag, refused value and stray argument at once, with what would be accepted. When --help or --version is
// asked for, it returns what prints it, and no error.
func parse(flags *pflag.FlagSet, args []string) (func(*cobra.Command) error, error) {
	var errs []error
	complain := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		if arg == "--" {
			for _, stray := range args {
				complain("%q: this command takes only flags", stray)
			}
			break
		}
		if !strings.HasPrefix(arg, "-") || arg == "-" {
			complain("%q: this command takes only flags", arg)
			continue
		}
		name, value, hasValue := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		name = strings.ReplaceAll(name, "_", "-")
		flag := flags.Lookup(name)
		if flag == nil && !strings.HasPrefix(arg, "--") && len(name) == 1 {
			flag = flags.ShorthandLookup(name)
		}
		switch {
		case flag == nil:
			complain("--%s: unknown flag%s", name, suggestion(flags, name))
			// A word that follows an unknown flag is most likely its value.
			if !hasValue && len(args) > 0 && !strings.HasPrefix(args[0], "-") {
				args = args[1:]
			}
			continue
		case hasValue:
		case flag.NoOptDefVal != "":
			value = flag.NoOptDefVal
		case len(args) == 0:
			complain("--%s: wants a value (%s): %s", flag.Name, flag.Value.Type(), purpose(flag))
			continue
		default:
			value, args = args[0], args[1:]
		}
		before := flag.Value.String()
		if err := flags.Set(flag.Name, value); err != nil {
			// Numbers become 0 when they are refused, which would be the next complaint.
			if flag.Value.String() != before {
				_ = flag.Value.Set(before)
			}
			complain("--%s=%q: %w; want %s: %s", flag.Name, value, cause(err), article(flag.Value.Type()), purpose(flag))
		}
	}
	for name, help := range map[string]func(*cobra.Command) error{"help": (*cobra.Command).Help, "version": printVersion} {
		if flag := flags.Lookup(name); flag != nil && flag.Value.String() == "true" {
			return help, nil
		}
	}
	return nil, errors.Join(errs...)
}

func printVersion(command *cobra.Command) error {
	_, err := fmt.Fprintf(command.OutOrStdout(), "%s %s\n", command.Name(), command.Version)
	return err
}

// cause is what the flag's type has against a value, without pflag's own words around it.
func cause(err error) error {
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		return invalid.Unwrap()
	}
	return err
}

// purpose is what --help says about a flag, less the values that some list in further lines.
func purpose(flag *pflag.Flag) string {
	first, _, _ := strings.Cut(flag.Usage, "\n")
	return first
}

func article(kind string) string {
	if strings.ContainsAny(kind[:1], "aeiou") {
		return "an " + kind
	}
	return "a " + kind
}

// suggestion names the flag that was most likely meant.
func suggestion(flags *pflag.FlagSet, name string) string {
	best, distance := "", len(name)/3+1
	flags.VisitAll(func(f *pflag.Flag) {
		if d := levenshtein.Distance(name, f.Name, nil); d < distance {
			best, distance = f.Name, d
		}
	})
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean --%s?", best)
}
