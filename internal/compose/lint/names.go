package lint

var nameRules = []Rule{
	{
		"duplicate-container-name", Error, "two services have the same `container_name`",
		"Names of containers are unique on a host: Docker refuses the second one, after the first has started. Services of different profiles may share one.",
	},
	{
		"duplicate-hostname", Warning, "two services have the same `hostname`",
		"In a common network the name stands for both, and answers come from either. For that, give both the same alias.",
	},
	{
		"scaled-container-name", Error, "a service with a `container_name` has several containers",
		"Only one container can have the name, so Compose refuses `scale` or `replicas` of more than one.",
	},
}

func checkNames(d *document) {
	containers, hosts := holders[string]{}, holders[string]{}
	for _, s := range d.services {
		at := get(s.body, "container_name")
		if name, ok := known(at); ok {
			if other, taken := containers.take(name, s); taken {
				d.report("duplicate-container-name", at, "services %s and %s have the same container_name %q", other.name, s.name, name)
			}
			if s.scale > 1 {
				d.report("scaled-container-name", at, "service %s: one container_name for %d containers: leave it out, or the number", s.name, s.scale)
			}
		}
		at = get(s.body, "hostname")
		if name, ok := known(at); ok {
			if other, taken := hosts.take(name, s); taken {
				d.report("duplicate-hostname", at, "services %s and %s have the same hostname %q", other.name, s.name, name)
			}
		}
	}
}
