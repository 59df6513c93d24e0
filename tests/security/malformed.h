#pragma once
#include <string>
#include <vector>

#include "http/testing/client.h"

namespace berth::security {

// A call that the extender has to refuse. The same list in every run.
struct BadCall {
  std::string family;  // what is wrong with it, in a word
  http::testing::Call call;
};
// What is wrong in the call itself, over HTTP/1.1 and HTTP/2 alike.
std::vector<BadCall> malformed_calls();

// What is wrong in the framing of HTTP/1.1: bytes, after which the peer waits for an answer.
struct BadBytes {
  std::string family;
  std::string bytes;
};
std::vector<BadBytes> malformed_bytes();
// Good calls that stop in the middle, at every byte of the head and some of the body.
std::vector<BadBytes> unfinished_calls();

// The right calls that all of them are made from.
std::string filter_call();   // for the worker of a GpuJob, as kube-scheduler sent it
std::string foreign_call();  // for a pod of somebody else with devices
std::string bind_call();

}  // namespace berth::security
