#pragma once
#include <cstdint>
#include <string>

#include "api/common.h"

namespace berth::api {

// A model's bytes: where they are and what they have to be.
struct ModelPlace {
  std::string uri;
  std::string sha256;

  template <class V>
  static void describe(V& v) {
    v.field("uri", &ModelPlace::uri,
            {.required = true, .immutable = true, .min_length = 1, .max_length = 1024},
            "pvc://CLAIM/PATH of a claim in this namespace, or file://PATH in the image.");
    v.field("sha256", &ModelPlace::sha256,
            {.immutable = true, .max_length = 64, .pattern = kSha256Pattern},
            "Digest of the model; another one is not loaded.");
  }
  bool operator==(const ModelPlace&) const = default;
};

// Of a GpuJob that is one replica of an InferenceEndpoint: its worker is ready once it answers
// requests, and goes on until it is told to stop. A replica is scheduled, charged and preempted as
// any other job (docs/adr/0011-a-replica-is-a-gpujob.md).
struct Replica {
  std::string endpoint;
  std::string model_name;
  ModelPlace model;
  bool preemptible = false;
  int64_t headroom_percent = 100;
  int64_t max_batch_size = 32;
  int64_t max_batch_delay_microseconds = 2000;
  int64_t max_queued_requests = 512;
  int64_t request_timeout_milliseconds = 1000;
  int64_t slo_milliseconds = 0;

  template <class V>
  static void describe(V& v) {
    v.field("endpoint", &Replica::endpoint,
            {.required = true, .immutable = true, .min_length = 1, .max_length = 63},
            "InferenceEndpoint in this namespace whose requests it answers.");
    v.field("modelName", &Replica::model_name,
            {.required = true, .immutable = true, .min_length = 1, .max_length = 63},
            "Name of the model in paths and metrics.");
    v.field("model", &Replica::model, {.required = true, .immutable = true}, "Model that serves.");
    v.field("preemptible", &Replica::preemptible, {.defaulted = true},
            "Whether it may give way to other work, whatever its tier says.");
    v.field("headroomPercent", &Replica::headroom_percent,
            {.defaulted = true, .minimum = 0, .maximum = 100},
            "Error budget that its endpoint has left, in tens; who has most gives way first, at 0 "
            "it gives way last of all.");
    v.field("maxBatchSize", &Replica::max_batch_size,
            {.defaulted = true, .immutable = true, .minimum = 1, .maximum = 65'536},
            "Requests per batch at most.");
    v.field("maxBatchDelayMicroseconds", &Replica::max_batch_delay_microseconds,
            {.defaulted = true, .immutable = true, .minimum = 0, .maximum = 10'000'000},
            "Microseconds that a request waits for others to share its batch.");
    v.field("maxQueuedRequests", &Replica::max_queued_requests,
            {.defaulted = true, .immutable = true, .minimum = 1, .maximum = 1'000'000},
            "Requests that wait at most.");
    v.field("requestTimeoutMilliseconds", &Replica::request_timeout_milliseconds,
            {.defaulted = true, .immutable = true, .minimum = 1, .maximum = 3'600'000},
            "Milliseconds that a request may take.");
    v.field("sloMilliseconds", &Replica::slo_milliseconds,
            {.defaulted = true, .immutable = true, .minimum = 0, .maximum = 3'600'000},
            "Latency objective, so that the share of requests within it is counted; 0 is none.");
  }
  bool operator==(const Replica&) const = default;
};

}  // namespace berth::api
