#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "kube/fake/fake_server.h"
#include "kube/fake/fake_transport.h"
#include "runtime/effects.h"
#include "runtime/election.h"
#include "runtime/informer.h"
#include "runtime/ownership.h"
#include "runtime/work_queue.h"

namespace berth::integration {

// A ConfigMap, as the mirror sees it.
struct Sheet {
  ObjectMeta meta;
  std::string text;  // data.text
};

// The smallest whole operator: for every ConfigMap labelled role=source it keeps one named
// NAME-copy with the same text, owned by it. One process of it, with its own line to the server;
// every piece of src/runtime is in it.
class Mirror {
 public:
  Mirror(kube::fake::FakeServer& server, const Clock& clock, const std::string& identity,
         uint64_t seed);

  // One turn of the loop: what is due is started, then what has arrived is delivered.
  void turn();

  bool leads() const { return elector_.election().leads(clock_.monotonic()); }
  bool over() const { return elector_.election().over(); }
  kube::fake::FakeTransport& transport() { return transport_; }
  int64_t writes() const { return writes_; }  // asked for so far, the Lease's not counted

 private:
  void reconcile(const runtime::ObjectKey& key);
  void write(const runtime::ObjectKey& key, kube::Request request);

  const Clock& clock_;
  kube::fake::FakeTransport transport_;
  NoLog log_;
  runtime::Store<Sheet> sources_;
  runtime::Store<Sheet> copies_;
  runtime::Informer<Sheet> source_informer_;
  runtime::Informer<Sheet> copy_informer_;
  runtime::WorkQueue queue_;
  runtime::Effects effects_;
  runtime::Elector elector_;
  int64_t writes_ = 0;
};

Json source(const std::string& name, const std::string& text);

}  // namespace berth::integration
