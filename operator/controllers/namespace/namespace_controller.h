#pragma once
#include "operator/scheduling/books.h"
#include "operator/world/stores.h"
#include "runtime/controller.h"

namespace berth::control {

// Keeps the label berth.dev/quota on namespaces equal to what the Quotas say: by it the admission
// policies know which pods to gate.
class NamespaceController final : public runtime::Reconciler {
 public:
  NamespaceController(Stores& stores, const Books& books) : stores_(stores), books_(books) {}

  runtime::Next reconcile(const runtime::ObjectKey& key, runtime::Writes writes) override;

 private:
  Stores& stores_;
  const Books& books_;
};

}  // namespace berth::control
