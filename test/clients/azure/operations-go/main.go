// Every operation of azcontainerregistry with a login of azidentity, both unmodified. It is told what to do by JSON on
// its input, checks each answer, and prints which methods the clients have and which it has called; or why the login was
// refused.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/containers/azcontainerregistry"
)

type input struct {
	Endpoint        string
	Authority       string
	Tenant          string
	ClientId        string
	Secret          string
	CertificateFile string
	TokenFile       string
	Repository      string
	Work            string
}

// Of the program's one run.
var (
	ctx        = context.Background()
	given      input
	repository string
	client     *azcontainerregistry.Client
	blobs      *azcontainerregistry.BlobClient
	called     = map[string]bool{}
)

func main() {
	check(json.NewDecoder(os.Stdin).Decode(&given))
	repository = given.Repository
	options := azcore.ClientOptions{Cloud: cloud.Configuration{
		ActiveDirectoryAuthorityHost: given.Authority,
		Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
			azcontainerregistry.ServiceName: {Audience: "https://containerregistry.azure.net"},
		},
	}}
	who := must(credential(options))
	client = must(azcontainerregistry.NewClient(given.Endpoint, who, &azcontainerregistry.ClientOptions{ClientOptions: options}))
	blobs = must(azcontainerregistry.NewBlobClient(given.Endpoint, who, &azcontainerregistry.BlobClientOptions{ClientOptions: options}))
	if given.Work == "everything" {
		everything()
	} else {
		loginReadWrite()
	}
	names := []string{}
	for name := range called {
		names = append(names, name)
	}
	slices.Sort(names)
	print(map[string]any{"called": names, "there": append(methodsOf("BlobClient", blobs), methodsOf("Client", client)...)})
}

func credential(options azcore.ClientOptions) (azcore.TokenCredential, error) {
	elsewhere := given.Tenant != "adfs"
	switch {
	case given.Secret != "":
		return azidentity.NewClientSecretCredential(given.Tenant, given.ClientId, given.Secret,
			&azidentity.ClientSecretCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: elsewhere})
	case given.CertificateFile != "":
		certificates, key, err := azidentity.ParseCertificates(must(os.ReadFile(given.CertificateFile)), nil)
		check(err)
		return azidentity.NewClientCertificateCredential(given.Tenant, given.ClientId, certificates, key,
			&azidentity.ClientCertificateCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: elsewhere})
	default:
		return azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
			ClientOptions: options, DisableInstanceDiscovery: elsewhere,
			TenantID: given.Tenant, ClientID: given.ClientId, TokenFilePath: given.TokenFile})
	}
}

// methodsOf names the exported methods of a client.
func methodsOf(name string, of any) []string {
	names := []string{}
	for i := range reflect.TypeOf(of).NumMethod() {
		names = append(names, name+"."+reflect.TypeOf(of).Method(i).Name)
	}
	return names
}

// note remembers that an operation was called.
func note(name string) { called[name] = true }

func print(value any) { check(json.NewEncoder(os.Stdout).Encode(value)) }

func same(seen, expected any) {
	if !reflect.DeepEqual(seen, expected) {
		panic(fmt.Sprintf("%v is not %v", seen, expected))
	}
}

func statusOf(err error) int {
	var refused *azcore.ResponseError
	if errors.As(err, &refused) {
		return refused.StatusCode
	}
	check(err)
	return 0
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	var refused *azidentity.AuthenticationFailedError
	if errors.As(err, &refused) {
		print(map[string]string{"refused": refused.Error()})
		os.Exit(0)
	}
	if err != nil {
		panic(err)
	}
}
