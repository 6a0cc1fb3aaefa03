// Package command is the command line that deploys servers: annex deploy, and //deploy:local, //deploy:kind, //deploy:production.
package command
