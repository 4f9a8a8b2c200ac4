// The process tree of one container:
//
//   foghost container        first of a process namespace of its own: with it, everything ends
//     +- crun run            the container, in its own user, network and file system namespaces
//     +- crun exec           a program that the service's owner runs beside it
//     (container_programs.h)
//     +- a worker            speaks with the front; it sits in the container's network namespace,
//                            without user, capability or file, and passes requests on by HTTP
#pragma once

#include <string>
#include <vector>

namespace fog::executor {

struct ContainerOptions {
  int socket = 3;                    // to the agent, later the front
  std::string runtime;               // path of crun
  std::string rootfs;                // of the unpacked image
  int config = 4;                    // config.json, in memory
  int control = 5;                   // container_control.h
  std::vector<std::string> volumes;  // files that hold its file systems, in the manifest's order
};

// Waits for the first byte on the socket, so that whoever started it can put it under a control
// group; then runs the container and the worker until either ends. Returns the exit status: 0 after
// the socket closed, 1 otherwise; what it has to say goes to standard error.
int run_container(const ContainerOptions& options);

}  // namespace fog::executor
