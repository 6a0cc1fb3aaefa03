package apiserver

// Needs are the rights that the server asks for as its flags are.
func (o *Options) Needs() []need { return o.access() }

// Whose says which kubeconfig the identity is in.
func (n need) Whose() string { return n.file }
