"""The local Kubernetes cluster behind hack/cluster/{up,down,status,load}.

Reading order: up.py (the story), settings.py (names, ports, folders), then the parts it starts:
tools, pki, control_plane, node, fake_nodes. host.py owns every change to the machine outside the
cluster's folder, so that down.py can undo it.
"""
