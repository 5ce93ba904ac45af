// Package deploy checks what is under deploy/ without a cluster, a container engine or a network: its files are decoded
// strictly, by the types of those who read them. Run it with make deploy-check.
package deploy
