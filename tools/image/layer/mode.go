package layer

import (
	"fmt"
	"strconv"
)

// Mode are the permission bits of a file, as chmod takes them: 0644, or 01777 with the sticky bit. It is written in
// octal.
type Mode int64

func (m Mode) String() string { return fmt.Sprintf("%#o", int64(m)) }

// MarshalText writes the mode in octal, with a leading 0.
func (m Mode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads an octal number of up to 07777.
func (m *Mode) UnmarshalText(text []byte) error {
	bits, err := strconv.ParseUint(string(text), 8, 32)
	if err != nil || bits > 0o7777 {
		return fmt.Errorf("the mode %q must be an octal number of up to 07777, such as 0644", text)
	}
	*m = Mode(bits)
	return nil
}
