package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

// version is set by the linker for a release; without it the module's version counts.
var version string

// versionName is the version alone: v1.2.3, or devel.
func versionName() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "devel"
	}
	return strings.Trim(info.Main.Version, "()")
}

// versionLine says which eph this is: eph v1.2.3 (0123456789ab, go1.26, linux/amd64).
func versionLine() string {
	var about []string
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				about = append(about, s.Value[:min(12, len(s.Value))])
			}
		}
	}
	about = append(about, runtime.Version(), runtime.GOOS+"/"+runtime.GOARCH)
	return fmt.Sprintf("eph %s (%s)\n", versionName(), strings.Join(about, ", "))
}
