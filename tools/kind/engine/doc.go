// Package engine runs a Docker that leaves nothing behind: in mount, PID and network namespaces of its own, with a root
// directory of unpacked packages, under one control group, and gone the moment that the program which started it is.
//
// The program runs inside with it: [Run] runs it again there, as a child of the namespaces' first process, and whatever
// speaks to Docker by DOCKER_HOST and a docker on PATH, as kind does, finds this one. There is no way out to the
// network.
package engine
