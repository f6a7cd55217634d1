#!/usr/bin/env bash
# lab-overlay as a plain shell script with the docker client, on two engines in namespaces of their own: what `wf start lab-overlay` is
# measured against. Proves the same things, in the same order; ends with an error where one does not hold.
#   bench/overlay.sh IMAGE PROBE_IMAGE ALPHA_SOCKET ALPHA_NAMESPACE BETA_SOCKET BETA_NAMESPACE
set -euo pipefail
image=$1
probe=$2
declare -A socket=([alpha]=$3 [beta]=$5) namespace=([alpha]=$4 [beta]=$6)
on() { local host=$1; shift; nsenter --net="${namespace[$host]}" "$@"; }
engine() { local host=$1; shift; docker --host "unix://${socket[$host]}" "$@"; }
from() { local host=$1 name=$2; shift 2; engine "$host" run --rm --network "container:$name" "$probe" "$@"; }
must_fail() { if "$@" >/dev/null 2>&1; then echo "not isolated: $*" >&2; exit 1; fi; }
retry() { for _ in {1..50}; do if "$@" >/dev/null 2>&1; then return; fi; sleep 0.1; done; "$@"; }

# Underlay.
ip link add wfu0 type veth peer name wfu1
ip link set wfu0 netns "${namespace[alpha]}" name under0
ip link set wfu1 netns "${namespace[beta]}" name under0
on alpha ip address add 10.91.0.1/30 dev under0
on beta ip address add 10.91.0.2/30 dev under0
on alpha ip link set under0 up
on beta ip link set under0 up
on alpha ping -n -c 3 -i 0.2 10.91.0.2 >/dev/null
on beta ping -n -c 3 -i 0.2 10.91.0.1 >/dev/null

# Swarm.
engine alpha swarm init --advertise-addr 10.91.0.1 >/dev/null
token=$(engine alpha swarm join-token --quiet worker)
engine beta swarm join --advertise-addr 10.91.0.2 --token "$token" 10.91.0.1:2377 >/dev/null
both_ready() { test "$(engine alpha node ls --format '{{.Status}}' | sort | uniq -c | xargs)" = '2 Ready'; }
retry both_ready

# Overlay.
engine alpha network create --driver overlay --attachable --subnet 10.42.0.0/24 overlay >/dev/null
engine alpha run -d --name AppAlpha --network overlay "$image" -text "Mon AppAlpha" >/dev/null
engine beta run -d --name AppBeta --network overlay "$image" -text "Mon AppBeta" >/dev/null
address() { engine "$1" inspect -f "{{(index .NetworkSettings.Networks \"$3\").IPAddress}}" "$2"; }
a=$(address alpha AppAlpha overlay)
b=$(address beta AppBeta overlay)
reaches() { from "$1" "$2" sh -c "ping -c 3 -i 0.2 $4 && ping -c 3 -i 0.2 $3 && wget -qO- http://$4:5678 && wget -qO- http://$3:5678" | grep "Mon $3" >/dev/null; }
reaches alpha AppAlpha AppBeta "$b"
reaches beta AppBeta AppAlpha "$a"

# Look inside.
id=$(engine alpha network inspect -f '{{.Id}}' overlay)
vni=$(engine alpha network inspect -f '{{index .Options "com.docker.network.driver.overlay.vxlanid_list"}}' overlay)
hidden() { local host=$1; shift; nsenter --net="$(dirname "${socket[$host]}")/exec/netns/1-${id:0:10}" "$@"; }
for host in alpha beta; do
  hidden "$host" ip -d link show type vxlan | grep "vxlan id $vni .* dstport 4789" >/dev/null
  hidden "$host" ip -d link show type vxlan | grep "mtu 1450" >/dev/null
  hidden "$host" bridge fdb show dev vxlan0 | grep dst >/dev/null
  hidden "$host" ip neighbour show dev vxlan0 | grep lladdr >/dev/null
done
count() {
  on "$1" nft "table inet overlay_count { chain $2 { type filter hook $2 priority filter; ip saddr 10.91.0.1 ip daddr 10.91.0.2 udp dport 4789 @th,96,24 $vni counter; }; }"
}
counted() { on "$1" nft list table inet overlay_count | grep -v 'packets 0' | grep 'packets' >/dev/null; }
count alpha output
count beta input
from alpha AppAlpha ping -c 3 -i 0.2 "$b" >/dev/null
counted alpha
counted beta

# Isolation: controls first, then what must fail.
engine alpha network create --driver overlay --attachable --subnet 10.43.0.0/24 other >/dev/null
engine alpha run -d --name Neighbour --network other "$image" -text Neighbour >/dev/null
engine beta run -d --name Stranger --network other "$image" -text Stranger >/dev/null
n=$(address alpha Neighbour other)
s=$(address beta Stranger other)
from alpha Neighbour sh -c "ping -c 3 -i 0.2 $s && wget -qO- http://$s:5678" | grep Stranger >/dev/null
from alpha AppAlpha ping -c 3 -i 0.2 "$b" >/dev/null
must_fail from alpha AppAlpha ping -c 3 -i 0.2 -W 1 "$s"
must_fail from alpha AppAlpha ping -c 3 -i 0.2 -W 1 "$n"
must_fail from alpha Neighbour ping -c 3 -i 0.2 -W 1 "$b"
must_fail from alpha AppAlpha nslookup stranger

# MTU.
enter() { nsenter --net="/proc/$(engine "$1" inspect -f '{{.State.Pid}}' "$2")/ns/net" "${@:3}"; }
on alpha ping -n -c 1 -s 1472 -M do 10.91.0.2 >/dev/null
enter alpha AppAlpha ping -n -c 1 -s 1422 -M do "$b" >/dev/null
must_fail enter alpha AppAlpha ping -n -c 1 -s 1423 -M do -W 1 "$b"

# Failure.
on alpha nft "table inet overlay_drop { chain output { type filter hook output priority filter; udp dport 4789 counter drop; }; }"
on alpha ping -n -c 3 -i 0.2 10.91.0.2 >/dev/null
must_fail from alpha AppAlpha ping -c 3 -i 0.2 -W 1 "$b"
both_ready
on alpha nft list table inet overlay_drop | grep packets >/dev/null
on alpha nft delete table inet overlay_drop
from alpha AppAlpha ping -c 3 -i 0.2 "$b" >/dev/null

# Teardown, and a look at what is left.
on alpha nft delete table inet overlay_count
on beta nft delete table inet overlay_count
engine alpha rm -f AppAlpha Neighbour >/dev/null
engine beta rm -f AppBeta Stranger >/dev/null
# The manager takes a moment to see that the containers of the worker are gone.
for network in overlay other; do retry engine alpha network rm "$network"; done
node=$(engine beta info -f '{{.Swarm.NodeID}}')
engine beta swarm leave >/dev/null
retry engine alpha node rm --force "$node"
engine alpha swarm leave --force >/dev/null
for host in alpha beta; do
  engine "$host" network rm docker_gwbridge >/dev/null
  on "$host" ip xfrm policy flush
done
on alpha ip link delete under0
for host in alpha beta; do
  test -z "$(on "$host" ip -brief link show type veth)"
  test -z "$(engine "$host" ps -aq)"
done
